#include "agent/events/kmsg.h"

#include <algorithm>
#include <limits>

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

std::string_view take_until(std::string_view& text, char end) {
    const auto at = text.find(end);
    const auto taken = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return taken;
}

}  // namespace

std::optional<KmsgRecord> parse_kmsg_record(std::string_view record) {
    constexpr unsigned facility_shift = 3;
    const auto head_end = record.find(';');
    if (head_end == std::string_view::npos) return std::nullopt;
    auto head = record.substr(0, head_end);
    const auto priority = parse_number<unsigned>(take_until(head, ','));
    take_until(head, ',');
    const auto micros = parse_number<std::int64_t>(take_until(head, ','));
    if (!priority || !micros || *micros < 0) return std::nullopt;
    if (*priority >> facility_shift != 0) return std::nullopt;
    auto text = record.substr(head_end + 1);
    return KmsgRecord{std::chrono::microseconds{*micros}, text.substr(0, text.find('\n'))};
}

std::optional<OomVictim> parse_oom_victim(std::string_view text) {
    constexpr std::string_view mark = "Killed process ";
    constexpr std::string_view memory = "total-vm:";
    constexpr std::string_view anonymous = "anon-rss:";
    const auto start = text.find(mark);
    const auto rest = text.find(memory);
    if (start == std::string_view::npos || rest == std::string_view::npos || rest < start) {
        return std::nullopt;
    }
    OomVictim victim;
    victim.in_cgroup = text.substr(0, start).find("cgroup") != std::string_view::npos;
    auto who = text.substr(start + mark.size(), rest - start - mark.size());
    const auto pid = parse_number<std::int32_t>(take_until(who, ' '));
    // A name may hold `)`; what follows it never does.
    const auto close = who.rfind(')');
    if (!pid || *pid <= 0 || !who.starts_with('(') || close == std::string_view::npos) {
        return std::nullopt;
    }
    victim.pid = *pid;
    victim.comm = who.substr(1, close - 1);
    auto figures = text.substr(rest);
    if (const auto at = figures.find(anonymous); at != std::string_view::npos) {
        figures.remove_prefix(at + anonymous.size());
        const auto kib = parse_number<std::int64_t>(figures.substr(0, figures.find('k')));
        if (kib && *kib >= 0 && *kib <= std::numeric_limits<std::int64_t>::max() / 1024) {
            victim.anon_rss_bytes = *kib * 1024;
        }
    }
    return victim;
}

}  // namespace chorus::agent
