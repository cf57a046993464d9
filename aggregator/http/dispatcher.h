// Leads from a request's head to its answer: route, rights, body rules, handler, error forms. Knows
// no sockets.
#pragma once

#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>

#include "aggregator/http/authenticator.h"
#include "aggregator/http/cors.h"
#include "aggregator/http/head_parser.h"
#include "aggregator/http/router.h"
#include "common/metrics.h"

namespace chorus::http {

struct DispatcherOptions {
    Role anonymous_role = Role::none;  // rights of a request without a token
    std::vector<std::string> cors_origins{};
    // Not for requests whose Host is a domain name.
    bool no_anonymous_by_domain = false;
};

class Dispatcher {
  public:
    Dispatcher(Router router, Authenticator& authenticator, DispatcherOptions options,
               MetricsRegistry& metrics);

    // Decides before the body is read. Returns an answer if there is no such route, if rights are
    // missing, or if the body is too large or of the wrong type. Returns nothing if the body may
    // come; then `route` is set.
    std::optional<Response> admit(Head& head, const Route*& route);

    // Inflates a compressed body. Returns an answer if it is damaged or too large.
    std::optional<Response> inflate(Request& request);

    // Runs the handler on the request with its whole, inflated body. Never throws.
    Response handle(const Route& route, Request& request);

    // Adds the headers of every answer, compresses, and counts the request in the metrics.
    void finish(const Request& request, const Route* route, double seconds, Response& response);

    const Router& router() const { return router_; }

  private:
    Role anonymous_role(const Request& request) const;
    std::optional<Response> authorise(Request& request, const Route& route);
    void observe(const Route* route, int status, double seconds);

    const Router router_;
    Authenticator& authenticator_;
    const DispatcherOptions options_;
    const Cors cors_;
    MetricsRegistry& metrics_;

    std::shared_mutex mutex_;  // protects histograms_
    std::map<std::pair<const Route*, int>, Histogram*> histograms_;
};

}  // namespace chorus::http
