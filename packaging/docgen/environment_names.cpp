// The names that the other program must not take for mistakes, as a source file of that program.
#include "packaging/docgen/docgen.h"

namespace chorus::docgen {

std::string environment_names(const Program& program) {
    std::string out = "// Made by chorus-docgen out of the settings of " + program.name +
                      ".\n#include <iterator>\n\n#include \"common/settings/other_program.h\"\n\n"
                      "namespace chorus {\n\n"
                      "std::vector<std::string> names_of_other_program() {\n"
                      "    constexpr const char* kNames[] = {\n";
    for (const Setting& setting : program.settings) {
        const std::string name = chorus_environment_name(setting);
        out += "        \"" + name + "\",\n";
        if (setting.secret) out += "        \"" + name + "_FILE\",\n";
    }
    return out +
           "    };\n    return {std::begin(kNames), std::end(kNames)};\n}\n\n}  // namespace "
           "chorus\n";
}

}  // namespace chorus::docgen
