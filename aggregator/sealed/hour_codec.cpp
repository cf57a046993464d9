#include "aggregator/sealed/hour_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "aggregator/sealed/damage.h"

namespace chorus::store {
namespace {

enum class Kind : char { steps = 1, constant = 2, plain = 3 };

// Agents send once a second at most. This leaves room, and bounds what damaged bytes may say.
constexpr std::uint64_t kMostSamplesOfHour = 1'000'000;
constexpr unsigned kLastGroup = 63;  // where the last bit of 64 begins

class Writer {
  public:
    explicit Writer(Kind kind) { bytes_ += static_cast<char>(kind); }
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U) bytes_ += static_cast<char>((value & 0x7FU) | 0x80U);
        bytes_ += static_cast<char>(value);
    }
    void signed_number(std::int64_t value) {
        const auto bits = static_cast<std::uint64_t>(value);
        number((bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0));
    }
    void real(double value) {
        const auto bits = std::bit_cast<std::uint64_t>(value);
        for (unsigned i = 0; i < 64; i += 8) bytes_ += static_cast<char>((bits >> i) & 0xFFU);
    }
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    std::uint8_t byte() {
        if (at_ == bytes_.size()) damaged();
        return static_cast<std::uint8_t>(bytes_[at_++]);
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift <= kLastGroup; shift += 7) {
            const std::uint64_t group = byte();
            value |= (group & 0x7FU) << shift;
            if (group < 0x80) return value;
        }
        damaged();
    }
    std::int64_t signed_number() {
        const auto bits = number();
        return static_cast<std::int64_t>((bits >> 1U) ^ (~(bits & 1U) + 1));
    }
    double real() {
        std::uint64_t bits = 0;
        for (unsigned i = 0; i < 64; i += 8) bits |= std::uint64_t{byte()} << i;
        return std::bit_cast<double>(bits);
    }
    void end() const {
        if (at_ != bytes_.size()) damaged();
    }
    [[noreturn]] static void damaged() { throw DamagedRow("a row of hours is damaged"); }

  private:
    const std::string_view bytes_;
    std::size_t at_ = 0;
};

void write_counts(Writer& out, const DayOfHours& hours) {
    for (std::size_t h = 0; h < hours.size();) {
        std::size_t end = h + 1;
        while (end < hours.size() && hours[end].count == hours[h].count) ++end;
        out.number(static_cast<std::uint64_t>(hours[h].count));
        out.number(end - h);
        h = end;
    }
}

void read_counts(Reader& in, DayOfHours& hours) {
    for (std::size_t h = 0; h < hours.size();) {
        const auto count = in.number(), run = in.number();
        if (count > kMostSamplesOfHour || run < 1 || run > hours.size() - h) Reader::damaged();
        for (const auto end = h + run; h < end; ++h) {
            hours[h].count = static_cast<std::int64_t>(count);
        }
    }
}

bool is_constant(const PackedSeries& series) {
    std::optional<std::int64_t> value;
    return std::ranges::all_of(series.hours, [&](const PackedHour& hour) {
        if (hour.count == 0) return true;
        if (!value) value = hour.low;
        return hour.low == *value && hour.high == *value;
    });
}

void write_steps(Writer& out, const PackedSeries& series, bool constant) {
    out.number(static_cast<std::uint64_t>(series.multiplier));
    out.real(series.divisor);
    std::int64_t before = 0;
    for (const auto& hour : series.hours) {
        if (hour.count == 0) continue;
        out.signed_number(hour.low - before);
        if (constant) return;
        before = hour.low;
        out.number(static_cast<std::uint64_t>(hour.high - hour.low));
        if (hour.high != hour.low) out.number(static_cast<std::uint64_t>(hour.total));
    }
}

// Sums of unsigned numbers may wrap, which damaged bytes can make them do.
void read_steps(Reader& in, DayOfHours& hours, bool constant) {
    const auto multiplier = static_cast<double>(in.number());
    const double divisor = in.real();
    if (!(multiplier >= 1) || !(divisor >= 1)) Reader::damaged();
    const auto value = [&](std::uint64_t steps) {
        return static_cast<double>(static_cast<std::int64_t>(steps)) * multiplier / divisor;
    };
    std::uint64_t low = constant ? static_cast<std::uint64_t>(in.signed_number()) : 0;
    for (auto& hour : hours) {
        if (hour.count == 0) continue;
        std::uint64_t range = 0, total = 0;
        if (!constant) {
            low += static_cast<std::uint64_t>(in.signed_number());
            range = in.number();
            if (range > 0) total = in.number();
        }
        hour.minimum = value(low);
        hour.maximum = value(low + range);
        const auto steps =
            static_cast<long double>(static_cast<std::int64_t>(low)) * hour.count + total;
        hour.sum = static_cast<double>(steps * static_cast<long double>(multiplier) / divisor);
    }
}

}  // namespace

std::string encode_hours(const PackedSeries& series, const HourStarts& starts) {
    DayOfHours hours;
    for (int h = 0; h < kHoursOfDay; ++h) {
        hours[static_cast<std::size_t>(h)] = rollup(series, starts, h);
    }
    const bool constant = !series.is_plain() && is_constant(series);
    Writer out{series.is_plain() ? Kind::plain : constant ? Kind::constant : Kind::steps};
    write_counts(out, hours);
    if (!series.is_plain()) {
        write_steps(out, series, constant);
        return out.take();
    }
    for (const auto& hour : hours) {
        if (hour.count == 0) continue;
        for (const double value : {hour.minimum, hour.maximum, hour.sum}) out.real(value);
    }
    return out.take();
}

DayOfHours decode_hours(std::string_view bytes) {
    Reader in{bytes};
    DayOfHours hours;
    const auto kind = static_cast<Kind>(in.byte());
    if (kind < Kind::steps || kind > Kind::plain) Reader::damaged();
    read_counts(in, hours);
    if (kind == Kind::plain) {
        for (auto& hour : hours) {
            if (hour.count == 0) continue;
            for (double* value : {&hour.minimum, &hour.maximum, &hour.sum}) *value = in.real();
        }
    } else {
        read_steps(in, hours, kind == Kind::constant);
    }
    in.end();
    return hours;
}

void add_rollup(HourRollup& to, const HourRollup& more) {
    if (more.count == 0) return;
    to.minimum = to.count == 0 ? more.minimum : std::min(to.minimum, more.minimum);
    to.maximum = to.count == 0 ? more.maximum : std::max(to.maximum, more.maximum);
    to.sum += more.sum;
    to.count += more.count;
}

HourRollup whole_day(const DayOfHours& hours) {
    HourRollup day;
    long double sum = 0;
    for (const auto& hour : hours) {
        add_rollup(day, hour);
        sum += hour.sum;
    }
    day.sum = static_cast<double>(sum);
    return day;
}

}  // namespace chorus::store
