// The services that a configuration names, before a program decides whether it may check them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/url.h"
#include "common/services/service_request.h"

namespace chorus {

// One service as it is written. Each value is valid by itself; the program checks how they fit
// together.
struct ServiceEntry {
    std::string name;
    std::string text;        // the URL as it is written; may hold credentials
    std::optional<Url> url;  // nullopt after a fault; its scheme is http, https or tcp
    std::optional<std::string> type, body_match;
    std::optional<std::chrono::seconds> interval;  // 1 s to a day
    std::optional<std::chrono::seconds> timeout;   // 1 to 60 s
    int retries = 0;                               // 0 to 5
    std::vector<StatusRange> expected_status{{}};
};

struct ServiceRules {
    std::size_t most_services = 0;
    std::size_t url_bytes = 0;
    std::vector<std::string_view> keys;      // known ones, as a fault names them
    bool (*is_name)(std::string_view name);  // whether a service may be called so
    std::string_view name_rule;              // "the name must have ..."
};

// Notes what is wrong with one service, in a sentence without the URL's credentials.
class ServiceFaults {
  public:
    ServiceFaults(std::string name, std::vector<std::string>& faults)
        : name_(std::move(name)), faults_(faults) {}
    void add(const std::string& what) { faults_.push_back("'" + name_ + "': " + what); }

  private:
    std::string name_;
    std::vector<std::string>& faults_;
};

// Reads a JSON object of name → URL, or name → {"url", "interval" and "timeout_seconds" (seconds),
// "expected_status" (200, "2xx", or a list of such), "retries", ...}. Calls `take` for each, in the
// order of the text. What is wrong is appended to `faults`, one sentence each. Does not throw.
void read_services(std::string_view json, const ServiceRules& rules,
                   std::vector<std::string>& faults,
                   const std::function<void(ServiceEntry&&, ServiceFaults&)>& take);

}  // namespace chorus
