#include <charconv>

#include "aggregator/quickstart/quickstart.h"
#include "common/text.h"

namespace chorus {

QuickstartOptions parse_quickstart(const std::vector<std::string>& arguments) {
    const std::vector<std::string> names{"--data-dir", "--port", "--listen", "--no-agent",
                                         "--help"};
    QuickstartOptions options;
    for (std::size_t i = 0; i < arguments.size() && options.fault.empty(); ++i) {
        const auto equals = arguments[i].find('=');
        const std::string name = arguments[i].substr(0, equals);
        const bool takes_value = name == "--data-dir" || name == "--port" || name == "--listen";
        std::string value;
        if (takes_value && equals != std::string::npos) value = arguments[i].substr(equals + 1);
        if (takes_value && equals == std::string::npos && i + 1 < arguments.size()) {
            value = arguments[++i];
        }
        if (takes_value && value.empty()) {
            options.fault = name + " needs a value";
        } else if (name == "--help" || name == "-h") {
            options.help = true;
        } else if (name == "--no-agent") {
            options.agent = false;
        } else if (name == "--data-dir") {
            options.data_dir = value;
        } else if (name == "--listen") {
            options.listen = value;
        } else if (name == "--port") {
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), options.port);
            if (error != std::errc{} || end != value.data() + value.size() || options.port < 1 ||
                options.port > 65'535) {
                options.fault = "--port must be a number from 1 to 65535";
            }
        } else {
            options.fault = "quickstart takes no " + name +
                            did_you_mean(name, names, "it takes " + joined(names, ", "));
        }
    }
    return options;
}

}  // namespace chorus
