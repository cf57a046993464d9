// Services to check, as both programs are told them. The first byte chooses: 'a' the agent's
// setting, 'g' the aggregator's, 'n' networks that may be asked.
#include <algorithm>
#include <stdexcept>
#include <string>

#include "agent/services/service_config.h"
#include "aggregator/health/service_config.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

// A service is asked one thing: no name or URL puts a second request or a header into it.
void check(const std::string& endpoint, const std::string& request, std::size_t headers) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    require(std::none_of(endpoint.begin(), endpoint.end(), control), "an endpoint can be shown");
    if (request.empty()) return;
    require(request.find("\r\n\r\n") == request.size() - 4, "a request is one head");
    const auto lines = static_cast<std::size_t>(std::count(request.begin(), request.end(), '\n'));
    require(lines <= headers, "a request has no headers of others");
}

void read_agents(std::string_view text) {
    const auto config = agent::parse_services(text);
    require(config.services.size() <= agent::kMostServices || !config.faults.empty(), "a bound");
    for (const auto& service : config.services) check(service.endpoint, service.request, 8);
}

void read_aggregators(std::string_view text) {
    const net::AddressRules rules;
    const auto config = health::parse_services(text, std::chrono::seconds{60}, rules);
    require(config.services.size() <= health::kMostServices || !config.faults.empty(), "a bound");
    for (const auto& service : config.services) check(service.endpoint, service.request, 8);
}

void read_networks(std::string_view text) {
    try {
        const net::AddressRules rules(text);
        const auto network = net::parse_address_block(text);
        require(network.prefix_bits >= 0 && network.prefix_bits <= 128, "a prefix has a length");
        require(network.contains(network.address), "a network contains its own address");
    } catch (const std::invalid_argument&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = text_of(data, size);
    switch (take_choice(text)) {
        case 'a':
            read_agents(text);
            break;
        case 'g':
            read_aggregators(text);
            break;
        case 'n':
            read_networks(text);
            break;
        default:
            break;
    }
    return 0;
}
