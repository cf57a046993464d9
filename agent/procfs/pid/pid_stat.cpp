#include "agent/procfs/pid/pid_stat.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

// PF_KTHREAD of the kernel's include/linux/sched.h.
constexpr std::uint32_t kKernelThread = 0x00200000;

// The fields behind comm, which proc_pid_stat(5) counts from 3.
class Fields {
  public:
    explicit Fields(std::string_view text) : text_(text) {}

    std::string_view word(int number) {
        while (next_ < number) {
            next_word(text_);
            ++next_;
        }
        ++next_;
        return next_word(text_);
    }

    template <typename T>
    std::optional<T> number(int number) {
        return parse_number<T>(word(number));
    }

    template <typename T>
    bool read(int at, T& out) {
        const auto parsed = number<T>(at);
        if (parsed) out = *parsed;
        return parsed.has_value();
    }

  private:
    std::string_view text_;
    int next_ = 3;
};

}  // namespace

std::optional<PidStat> parse_pid_stat(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    PidStat stat;
    auto head = text.substr(0, open);
    const auto pid = next_number<std::int32_t>(head);
    if (!pid) return std::nullopt;
    stat.pid = *pid;
    stat.comm = text.substr(open + 1, close - open - 1);
    Fields fields(text.substr(close + 1));
    const auto state = fields.word(3);
    if (state.size() != 1) return std::nullopt;
    stat.state = state.front();
    std::uint32_t flags = 0;
    const bool whole =
        fields.read(4, stat.ppid) && fields.read(9, flags) && fields.read(12, stat.major_faults) &&
        fields.read(14, stat.user_ticks) && fields.read(15, stat.system_ticks) &&
        fields.read(16, stat.children_user_ticks) && fields.read(17, stat.children_system_ticks) &&
        fields.read(19, stat.nice) && fields.read(20, stat.num_threads) &&
        fields.read(22, stat.start_ticks) && fields.read(24, stat.rss_pages);
    if (!whole || stat.rss_pages < 0 || stat.start_ticks < 0) return std::nullopt;
    stat.kernel_thread = (flags & kKernelThread) != 0;
    stat.processor = fields.number<std::int32_t>(39);
    stat.io_wait_ticks = fields.number<std::uint64_t>(42);
    return stat;
}

}  // namespace chorus::agent
