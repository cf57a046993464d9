// Small helpers over text that both programs need.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chorus {

// Length of the well-formed UTF-8 sequence `text` starts with, 0 if it starts with none
// (overlong forms, surrogates and values above U+10FFFF are not well-formed).
std::size_t utf8_sequence_length(std::string_view text);

// Offset of the first byte that is not part of well-formed UTF-8.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// The text with every malformed byte replaced by U+FFFD.
std::string repair_utf8(std::string_view text);

// The longest beginning of well-formed UTF-8 that has at most `most` bytes and ends between two
// characters.
std::string_view utf8_prefix(std::string_view text, std::size_t most);

// Outside text as one line for terminals, mails and messages: malformed bytes become U+FFFD,
// control characters (C0, DEL, C1) and line separators blanks; marks that change the direction of
// what is read are left out.
std::string one_line(std::string_view text);

// Outside text as a name of at most `most` bytes, which both programs and PostgreSQL take as it is:
// malformed bytes and control characters become `\xHH`, so that names that differ in them still do;
// what is too long loses its middle. `most` is at least 16.
std::string plain_name(std::string_view text, std::size_t most);
// Whether plain_name() would leave the text as it is.
bool is_plain_name(std::string_view text, std::size_t most);

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::vector<std::string_view> split(std::string_view text, char separator);

// Shell glob with `*` and `?` over whole strings, bytes compared exactly. Linear in
// pattern × text at worst: no backtracking explosion.
bool glob_match(std::string_view pattern, std::string_view text);
bool is_glob(std::string_view pattern);

// The candidate with the smallest edit distance to `word`, if it may be a typing error, else one
// that shares most parts with it (`host`, `hostname`); for "did you mean" hints.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// "; did you mean NAME?" if one of the candidates is near, else "; " and `otherwise`.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::string_view otherwise);

// The words with a separator between them.
std::string joined(const std::vector<std::string>& words, std::string_view separator);

}  // namespace chorus
