#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <vector>
#include <veil/metrics/metrics.hpp>

namespace veil::metrics {
namespace {

prometheus::Labels native(labels from) {
    prometheus::Labels out;
    for (const auto& [name, value] : from) out.emplace(name, value);
    return out;
}

}  // namespace

struct registry::parts {
    prometheus::Registry native;
    std::vector<std::function<void()>> samplers;
};

void counter::add(double by) noexcept {
    if (native_ != nullptr) native_->Increment(by);
}

void counter::raise_to(double value) noexcept {
    if (native_ != nullptr) native_->Increment(value - native_->Value());  // which ignores what is negative
}

void gauge::set(double value) noexcept {
    if (native_ != nullptr) native_->Set(value);
}

void histogram::observe(double value) noexcept {
    if (native_ != nullptr) native_->Observe(value);
}

registry::registry() : parts_(std::make_unique<parts>()) {}
registry::~registry() = default;

counter registry::make_counter(const family& of, labels with) {
    return counter(prometheus::BuildCounter().Name(of.name).Help(of.help).Register(parts_->native).Add(native(with)));
}

gauge registry::make_gauge(const family& of, labels with) {
    return gauge(prometheus::BuildGauge().Name(of.name).Help(of.help).Register(parts_->native).Add(native(with)));
}

histogram registry::make_histogram(const family& of, std::span<const double> bounds, labels with) {
    return histogram(prometheus::BuildHistogram()
                         .Name(of.name)
                         .Help(of.help)
                         .Register(parts_->native)
                         .Add(native(with), prometheus::Histogram::BucketBoundaries(bounds.begin(), bounds.end())));
}

void registry::on_scrape(std::function<void()> sampler) { parts_->samplers.push_back(std::move(sampler)); }

std::string registry::text() {
    for (const auto& sample : parts_->samplers) sample();
    return prometheus::TextSerializer().Serialize(parts_->native.Collect());
}

}  // namespace veil::metrics
