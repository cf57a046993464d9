// The name of a JSON value, for headers that only pass one on. simdjson.h takes seconds to compile,
// so only what reads values includes it, by json_reader.h.
#pragma once

namespace simdjson::dom {
class element;
}

namespace chorus {

using JsonValue = simdjson::dom::element;

}  // namespace chorus
