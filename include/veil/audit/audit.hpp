// Who did what, from where, and what came of it: one JSON line each, on stderr or in a file of its own, written by a
// background thread behind a bounded queue. It names accounts, which the log never does, and like the log no secret. A
// file that cannot be written for a while delays or fails nothing: lines wait, and what does not fit is counted and
// said. One for the process. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace veil::audit {

// Where a request comes from; empty for what no request asked for.
struct source {
    std::string request_id, address;
};

struct record {
    std::string_view event;  // a literal
    const source& from;
    std::string_view account;  // bare JID, or empty
    std::string_view outcome;
    std::string_view detail = {};
};

// The trail is written while one of these lives.
class trail {
 public:
    // where: "stderr", "off", or the path of a file that is opened to be appended to, and made for its owner alone.
    // Throws std::runtime_error when that cannot be done.
    explicit trail(const std::string& where);
    trail(const trail&) = delete;
    trail& operator=(const trail&) = delete;

    // Writes what is queued, unless it cannot be written.
    ~trail();

    // Opens the file anew, for one that was moved away. Throws std::runtime_error, and the old one stays in use.
    static void reopen();
};

// Lost without a trail.
void write(const record& r);

// Something that may fail: it is written when it goes, as `failed` unless ended() has said better.
class action {
 public:
    // event: a literal.
    action(std::string_view event, source from, std::string account, std::string detail = {});
    action(const action&) = delete;
    action& operator=(const action&) = delete;
    ~action();

    // outcome: a literal.
    void ended(std::string_view outcome) { outcome_ = outcome; }

 private:
    std::string_view event_;
    source from_;
    std::string account_, detail_;
    std::string_view outcome_ = "failed";
};

}  // namespace veil::audit
