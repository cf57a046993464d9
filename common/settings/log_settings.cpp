#include "common/settings/log_settings.h"

namespace chorus {

Setting log_level_setting() {
    return {.name = "log-level",
            .default_value = "info",
            .help = "Least level that is logged: debug, info, warning or error.",
            .choices = {"debug", "info", "warning", "error"},
            .everyday = true};
}

Setting log_format_setting() {
    return {.name = "log-format",
            .default_value = "auto",
            .help = "json, text, or auto: text on a terminal and JSON elsewhere.",
            .choices = {"auto", "json", "text"}};
}

}  // namespace chorus
