// One webhook request from its arrival to its answer: the lines of the log that tell it, its row for `veil-api trace`,
// and its place in the metrics. Lives in the handler; I/O thread only.
#pragma once

#include <chrono>
#include <string_view>

#include "dispatcher.hpp"
#include "meters.hpp"
#include "recorder.hpp"

namespace veil::push {

class webhook_story {
 public:
    // about: who asks what; the rest is filled in here.
    webhook_story(recorder& into, meters& counts, webhook_record about);
    webhook_story(const webhook_story&) = delete;
    webhook_story& operator=(const webhook_story&) = delete;

    // A story without an answer has failed.
    ~webhook_story();

    // The call is ours, with so many devices to push to.
    void claimed(std::size_t devices);

    // result: a literal; for a call one of those that meters::wake() knows.
    void answered(std::string_view result, std::int64_t sent);

    origin source() const { return {row_.request_id, began_at_}; }
    std::chrono::steady_clock::time_point began_at() const noexcept { return began_at_; }

 private:
    std::int64_t milliseconds() const;

    recorder& recorder_;
    meters& meters_;
    std::chrono::steady_clock::time_point began_at_ = std::chrono::steady_clock::now();
    webhook_record row_;
};

}  // namespace veil::push
