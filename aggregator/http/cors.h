// Cross-origin access for the browsers of listed origins (Fetch standard, CORS protocol).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aggregator/http/request.h"
#include "aggregator/http/response.h"

namespace chorus::http {

class Cors {
  public:
    // "*" in the list allows every origin, but without credentials.
    explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

    // Adds the headers an allowed origin needs; nothing for others.
    void decorate(const Request& request, Response& response) const;
    bool is_preflight(const Request& request) const;
    Response preflight(const Request& request) const;

  private:
    bool listed(std::string_view origin) const;
    bool any() const;

    std::vector<std::string> origins_;
};

// The setting's value: a JSON list of strings or a comma-separated list. Throws
// std::invalid_argument if it is neither.
std::vector<std::string> parse_origins(std::string_view text);

}  // namespace chorus::http
