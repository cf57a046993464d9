#include "common/services/service_entries.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/json/json_reader.h"
#include "common/text.h"

namespace chorus {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kLongestTimeout = 60, kMostRetries = 5, kLongestInterval = 86'400;
constexpr std::size_t kMostMatchBytes = 1'000, kMostShownBytes = 100;

// "url, interval and retries".
std::string list_of(const std::vector<std::string_view>& keys) {
    std::string list;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (i > 0) list += i + 1 == keys.size() ? " and " : ", ";
        list += keys[i];
    }
    return list;
}

class EntryReader {
  public:
    EntryReader(const ServiceRules& rules, ServiceFaults& faults, ServiceEntry& entry)
        : rules_(rules), faults_(faults), entry_(entry) {}

    void read(JsonValue value) {
        simdjson::dom::object object;
        if (value.is_string()) {
            read_url(value);
        } else if (value.get_object().get(object) == simdjson::SUCCESS) {
            for (const auto [key, member] : object) read_member(key, member);
            if (!has_url_) faults_.add("url is missing");
        } else {
            faults_.add("must be a URL or an object with \"url\"");
        }
    }

  private:
    void read_member(std::string_view key, JsonValue value) {
        if (std::find(rules_.keys.begin(), rules_.keys.end(), key) == rules_.keys.end()) {
            faults_.add("unknown key \"" + repair_utf8(key.substr(0, kMostShownBytes)) +
                        "\"; known are " + list_of(rules_.keys));
        } else if (key == "url") {
            has_url_ = true;
            read_url(value);
        } else if (key == "type") {
            read_type(value);
        } else if (key == "interval") {
            entry_.interval = seconds{integer(key, value, 1, kLongestInterval)};
        } else if (key == "timeout_seconds") {
            entry_.timeout = seconds{integer(key, value, 1, kLongestTimeout)};
        } else if (key == "retries") {
            entry_.retries = static_cast<int>(integer(key, value, 0, kMostRetries));
        } else if (key == "expected_status") {
            read_statuses(value);
        } else if (key == "body_match") {
            read_match(value);
        }
    }

    std::int64_t integer(std::string_view key, JsonValue value, std::int64_t least,
                         std::int64_t most) {
        std::int64_t number = 0;
        if (value.get_int64().get(number) == simdjson::SUCCESS && number >= least &&
            number <= most) {
            return number;
        }
        faults_.add(std::string(key) + " must be a whole number from " + std::to_string(least) +
                    " to " + std::to_string(most));
        return least;
    }

    void read_type(JsonValue value) {
        std::string_view type;
        if (value.get_string().get(type) == simdjson::SUCCESS &&
            (type == "http" || type == "tcp")) {
            entry_.type = type;
        } else {
            faults_.add("type must be http or tcp");
        }
    }

    void read_match(JsonValue value) {
        std::string_view text;
        if (value.get_string().get(text) == simdjson::SUCCESS && !text.empty() &&
            text.size() <= kMostMatchBytes) {
            entry_.body_match = text;
        } else {
            faults_.add("body_match must be a text of 1 to 1000 bytes");
        }
    }

    void read_statuses(JsonValue value) {
        entry_.expected_status.clear();
        simdjson::dom::array list;
        bool good = true;
        if (value.get_array().get(list) == simdjson::SUCCESS) {
            for (const JsonValue item : list) {
                good = read_status_range(item, entry_.expected_status) && good;
            }
        } else {
            good = read_status_range(value, entry_.expected_status);
        }
        if (!good || entry_.expected_status.empty()) {
            faults_.add(
                "expected_status must be a code from 200 to 599, a text like \"2xx\", or a list");
        }
    }

    void read_url(JsonValue value) {
        std::string_view text;
        if (value.get_string().get(text) != simdjson::SUCCESS)
            return faults_.add("url must be text");
        auto url = text.size() <= rules_.url_bytes ? parse_url(text) : std::nullopt;
        if (!url || text.find('\\') != std::string_view::npos) {
            return faults_.add("url must be like http://host:port/path");
        }
        if (url->scheme != "http" && url->scheme != "https" && url->scheme != "tcp") {
            return faults_.add("url must begin with http://, https:// or tcp://");
        }
        entry_.text = text;
        entry_.url = std::move(url);
    }

    const ServiceRules& rules_;
    ServiceFaults& faults_;
    ServiceEntry& entry_;
    bool has_url_ = false;
};

}  // namespace

void read_services(std::string_view json, const ServiceRules& rules,
                   std::vector<std::string>& faults,
                   const std::function<void(ServiceEntry&&, ServiceFaults&)>& take) {
    JsonReader reader;
    try {
        simdjson::dom::object object;
        if (reader.parse(json).get_object().get(object) != simdjson::SUCCESS) {
            return faults.push_back("must be a JSON object of names and URLs");
        }
        if (object.size() > rules.most_services) {
            return faults.push_back("has more than " + std::to_string(rules.most_services) +
                                    " services");
        }
        for (const auto [name, value] : object) {
            ServiceEntry entry;
            entry.name = repair_utf8(name.substr(0, kMostShownBytes * 2));
            ServiceFaults own{entry.name, faults};
            if (rules.is_name(name)) {
                entry.name = name;
            } else {
                own.add(std::string(rules.name_rule));
            }
            EntryReader{rules, own, entry}.read(value);
            take(std::move(entry), own);
        }
    } catch (const JsonError& e) {
        faults.push_back(std::string("is no valid JSON: ") + e.what());
    }
}

}  // namespace chorus
