// What the server counts of itself, for GET /metrics. A part that has something to say has a member measure(registry&):
// there it gets its counters and histograms, which it moves when something happens, and leaves a sampler for what can
// be read at any time (sizes, ages, states), which runs when somebody scrapes. A part that was never measured has
// handles that count nothing. Labels are words of our own and few; never anything that a client sent.
// Handles may be used on any thread; the registry is the application's, on the I/O thread.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace veil::metrics {

class counter {
 public:
    counter() = default;
    void add(double by = 1) noexcept;

    // For what is counted elsewhere and only read here: moves up to `value`, never down.
    void raise_to(double value) noexcept;

 private:
    friend class registry;
    explicit counter(prometheus::Counter& native) : native_(&native) {}
    prometheus::Counter* native_ = nullptr;
};

class gauge {
 public:
    gauge() = default;
    void set(double value) noexcept;

 private:
    friend class registry;
    explicit gauge(prometheus::Gauge& native) : native_(&native) {}
    prometheus::Gauge* native_ = nullptr;
};

class histogram {
 public:
    histogram() = default;
    void observe(double value) noexcept;

 private:
    friend class registry;
    explicit histogram(prometheus::Histogram& native) : native_(&native) {}
    prometheus::Histogram* native_ = nullptr;
};

// Upper bounds in seconds: of what is done within the machine, and of what takes a network. Few, as every route has
// them for each of its answers.
inline constexpr double local_seconds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5};
inline constexpr double network_seconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 5, 30};

// The name and the one help line of a family; both are literals.
struct family {
    const char* name;
    const char* help;
};

using labels = std::initializer_list<std::pair<const char*, std::string_view>>;

class registry {
 public:
    registry();
    registry(const registry&) = delete;
    registry& operator=(const registry&) = delete;
    ~registry();

    // The series of these labels, made when it is asked for first. Throws std::invalid_argument when the name is that
    // of another type.
    counter make_counter(const family& of, labels with = {});
    gauge make_gauge(const family& of, labels with = {});
    histogram make_histogram(const family& of, std::span<const double> bounds, labels with = {});

    // Runs before every scrape; what it refers to must live as long as anybody scrapes.
    void on_scrape(std::function<void()> sampler);

    // All series, as text (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4).
    std::string text();

 private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

inline constexpr std::string_view text_content = "text/plain; version=0.0.4; charset=utf-8";

// The process itself under the names that every client library gives them, and veil_build_info.
void measure_process(registry& into);

}  // namespace veil::metrics
