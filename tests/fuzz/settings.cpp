// Configuration files. The first byte chooses: 'e' a file .env, others a config file.
#include <sys/mman.h>
#include <unistd.h>

#include "agent/procfs/support/file_descriptor.h"
#include "common/settings/settings.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

const std::vector<Setting> kTable{
    {.name = "name", .environment = "NAME", .help = "A text."},
    {.name = "port",
     .environment = "PORT",
     .type = SettingType::integer,
     .default_value = "80",
     .help = "A number.",
     .minimum = 1,
     .maximum = 65'535},
    {.name = "share", .type = SettingType::number, .default_value = "0.5", .help = "A number."},
    {.name = "wait",
     .type = SettingType::duration_seconds,
     .default_value = "5m",
     .help = "Time.",
     .minimum = 1},
    {.name = "on", .type = SettingType::boolean, .default_value = "true", .help = "A switch."},
    {.name = "list", .type = SettingType::json, .default_value = "{}", .help = "JSON."},
    {.name = "database-url", .type = SettingType::url, .help = "A URL."},
    {.name = "level", .default_value = "low", .help = "One of some.", .choices = {"low", "high"}},
};
const Setting kSecret{.name = "token", .help = "A secret.", .secret = true};
constexpr std::string_view kHidden = "fV3sT9qLm2XwRk7B";

void load(const ConfigSources& sources, std::string_view text) {
    auto table = kTable;
    table.push_back(kSecret);
    try {
        const Config config = Config::load(table, sources);
        config.integer("port");
        config.number("share");
        config.boolean("on");
        const bool shown = config.print().find(kHidden) != std::string::npos;
        require(!shown || text.find(kHidden) != std::string_view::npos, "a secret is not shown");
        require(config.integer("port") >= 1 && config.integer("port") <= 65'535, "a bound holds");
    } catch (const ConfigError& error) {
        require(!error.faults().empty(), "an error has its faults");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = text_of(data, size);
    const char choice = take_choice(text);
    const agent::FileDescriptor file(::memfd_create("settings", MFD_CLOEXEC));
    require(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
            "there is memory");
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    ConfigSources sources;
    sources.environment = {"CHORUS_TOKEN=" + std::string(kHidden)};
    sources.env_file = choice == 'e' ? path : "";
    sources.config_file = choice == 'e' ? "" : path;
    load(sources, text);
    return 0;
}
