// Batches as text, and what their reader says of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "common/batch/batch_json.h"
#include "common/json/json_reader.h"
#include "tests/unit/codec/sample_batch.h"

namespace chorus::test {

inline Batch read(const std::string& json, FieldErrors& errors) {
    JsonReader reader;
    return read_batch(reader.parse(std::string_view{json}), errors);
}

inline std::string location(const FieldError& error) {
    std::string text;
    for (const LocationStep& step : error.location) {
        if (const auto* name = std::get_if<std::string>(&step)) {
            text += "/" + *name;
        } else {
            text += "/" + std::to_string(std::get<std::int64_t>(step));
        }
    }
    return text;
}

// Every fault as "type location", one a line.
inline std::string faults(const std::string& json) {
    FieldErrors errors;
    read(json, errors);
    std::string text;
    for (const auto& error : errors.list()) {
        if (!text.empty()) text += "\n";
        text += error.type + " " + location(error);
    }
    return text;
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

// The same of what was left out or changed, of a batch without faults.
inline std::string warnings(const std::string& json) {
    FieldErrors errors, told;
    JsonReader reader;
    read_batch(reader.parse(std::string_view{json}), errors, told);
    EXPECT_TRUE(errors.empty()) << faults(json);
    std::string text;
    for (const auto& warning : told.list()) {
        if (!text.empty()) text += "\n";
        text += warning.type + " " + location(warning);
    }
    return text;
}

// The sample with one piece of its text exchanged.
inline std::string bent(const std::string& from, const std::string& to) {
    return replaced(to_json(sample_batch()), from, to);
}

}  // namespace chorus::test
