// Rows of many hosts over many days, made out of the recording on standard input.
//
//   depth_rows copy HOSTS START END       rows for COPY ... (FORMAT binary), in the order of
//   arrival depth_rows import HOSTS START END     the same samples as VictoriaMetrics imports them
//
// START and END are Unix seconds. Hosts have the ids from 1 on and all of them layout 1; to
// VictoriaMetrics they are h1, h2 and so on. The same arguments make the same samples in each form.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/postgres/pg_types.h"
#include "tests/bench/recorded_hosts.h"

namespace {

using namespace chorus;
namespace pg = store::pg;

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kInterval = 30 * kMicros;
constexpr std::int64_t kDay = 86'400 * kMicros;
constexpr std::size_t kBufferBytes = 1U << 20U;
constexpr std::int32_t kLayout = 1;

void write_out(std::string& buffer) {
    if (std::fwrite(buffer.data(), 1, buffer.size(), stdout) != buffer.size()) {
        throw std::runtime_error("nobody reads the rows");
    }
    buffer.clear();
}

template <typename T>
void field(std::string& out, T value) {
    pg::append(out, static_cast<std::int32_t>(sizeof(T)));
    pg::append(out, value);
}

// (ts, received_at, payload_hash, host_id, layout_id, "values")
class CopyRows {
  public:
    CopyRows() { buffer_.append("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19); }
    void add(std::size_t host, std::int64_t time, bench::RecordedHost& from) {
        pg::append(buffer_, std::int16_t{6});
        field(buffer_, time - pg::kEpochMicros);
        field(buffer_, time - pg::kEpochMicros + from.delay());
        field(buffer_, from.hash());
        field(buffer_, static_cast<std::int32_t>(host + 1));
        field(buffer_, kLayout);
        const auto& values = from.next();
        constexpr std::size_t kHead = 20, kElement = 12;
        pg::append(buffer_, static_cast<std::int32_t>(kHead + kElement * values.size()));
        pg::append(buffer_, std::int32_t{1});  // dimension
        pg::append(buffer_, std::int32_t{0});  // without NULL
        pg::append(buffer_, static_cast<std::int32_t>(pg::kFloat8));
        pg::append(buffer_, static_cast<std::int32_t>(values.size()));
        pg::append(buffer_, std::int32_t{1});  // first subscript
        for (const double value : values) field(buffer_, value);
        if (buffer_.size() >= kBufferBytes) write_out(buffer_);
    }
    void finish() {
        pg::append(buffer_, std::int16_t{-1});
        write_out(buffer_);
    }

  private:
    std::string buffer_;
};

template <typename T>
void number(std::string& out, T value) {
    char text[32];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

// JSON lines of /api/v1/import: one of each series and day.
class ImportLines {
  public:
    ImportLines(const bench::Recording& recording, std::size_t hosts)
        : recording_(recording), days_(hosts) {
        for (auto& day : days_) day.values.resize(recording.columns.size());
    }
    void add(std::size_t host, std::int64_t time, bench::RecordedHost& from) {
        from.delay();  // as the other form does, for the same samples
        from.hash();
        Day& day = days_[host];
        if (!day.times.empty() && day.first / kDay != time / kDay) flush(host);
        if (day.times.empty()) {
            day.first = time;
        } else {
            day.times += ',';
        }
        number(day.times, time / 1'000);
        const auto& values = from.next();
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!day.values[i].empty()) day.values[i] += ',';
            number(day.values[i], values[i]);
        }
    }
    void finish() {
        for (std::size_t host = 0; host < days_.size(); ++host) flush(host);
    }

  private:
    struct Day {
        std::int64_t first = 0;
        std::string times;
        std::vector<std::string> values;  // of each column
    };
    void flush(std::size_t host) {
        Day& day = days_[host];
        if (day.times.empty()) return;
        std::string out;
        for (std::size_t i = 0; i < day.values.size(); ++i) {
            const auto& column = recording_.columns[i];
            out += R"({"metric":{"__name__":")" + column.metric_type + R"(","label":")" +
                   column.label + R"(","host":"h)" + std::to_string(host + 1) + R"("},"values":[)" +
                   day.values[i] + R"(],"timestamps":[)" + day.times + "]}\n";
            day.values[i].clear();
            if (out.size() >= kBufferBytes) write_out(out);
        }
        write_out(out);
        day.times.clear();
    }

    const bench::Recording& recording_;
    std::vector<Day> days_;
};

// Each moment's batches of all hosts, then the next moment's.
template <typename Rows>
void make(Rows& rows, std::vector<bench::RecordedHost>& hosts, std::int64_t start,
          std::int64_t end) {
    for (std::int64_t tick = start; tick < end; tick += kInterval) {
        for (std::size_t host = 0; host < hosts.size(); ++host) {
            const std::int64_t time = tick + hosts[host].phase() + hosts[host].lateness();
            if (time < end) rows.add(host, time, hosts[host]);
        }
    }
    rows.finish();
}

void run(std::string_view form, std::size_t count, std::int64_t start, std::int64_t end) {
    const bench::Recording recording = bench::read_recording(std::cin);
    std::vector<bench::RecordedHost> hosts;
    for (std::size_t i = 0; i < count; ++i) hosts.emplace_back(recording, i + 1);
    if (form == "copy") {
        CopyRows rows;
        make(rows, hosts, start, end);
    } else {
        ImportLines lines{recording, count};
        make(lines, hosts, start, end);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view form = argc == 5 ? argv[1] : "";
    if (form != "copy" && form != "import") {
        std::fputs("usage: depth_rows copy|import HOSTS START END <recording.csv\n", stderr);
        return 64;
    }
    try {
        run(form, std::strtoul(argv[2], nullptr, 10), std::atoll(argv[3]) * kMicros,
            std::atoll(argv[4]) * kMicros);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "depth_rows: %s\n", e.what());
        return 1;
    }
    return 0;
}
