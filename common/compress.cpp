#include "common/compress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace chorus {
namespace {

// A frame may ask its reader for a window of this size at most (2^23 = 8 MiB).
constexpr int kLargestWindowLog = 23;
// RFC 8878: what every frame of data starts with. Skippable frames hold nothing of ours, and those
// of zstd before 0.8 would be read by old code that does not know the bound of the window.
constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
constexpr std::size_t kChunk = 64U << 10U;
constexpr int kGzipWindow = 15 + 16;  // zlib: 32 KiB window, gzip header and trailer

struct ZstdDeleter {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

const Bytef* bytes(std::string_view text) {
    return reinterpret_cast<const Bytef*>(text.data());
}

// Room for the next piece of output: doubles from one chunk up to the limit and one byte more, by
// which an overflow is noticed.
void grow(std::string& out, std::size_t used, std::size_t limit) {
    if (used < out.size()) return;
    out.resize(std::min(limit + 1, std::max(kChunk, used * 2)));
}

[[noreturn]] void too_large(std::size_t limit) {
    throw TooLarge("inflates to more than " + std::to_string(limit) + " bytes");
}

class GzipInflater {
  public:
    explicit GzipInflater(std::string_view in) {
        // zlib's interface predates const; it only reads.
        stream_.next_in = const_cast<Bytef*>(bytes(in));
        stream_.avail_in = static_cast<uInt>(in.size());
        if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
    }
    ~GzipInflater() { inflateEnd(&stream_); }
    GzipInflater(const GzipInflater&) = delete;
    GzipInflater& operator=(const GzipInflater&) = delete;

    // Fills what is free of `out`; answers whether the member has ended.
    bool fill(std::string& out, std::size_t& used) {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        stream_.avail_out = static_cast<uInt>(out.size() - used);
        const int result = inflate(&stream_, Z_NO_FLUSH);
        used = out.size() - stream_.avail_out;
        if (result == Z_STREAM_END) return true;
        const bool starved = stream_.avail_in == 0 && stream_.avail_out != 0;
        if ((result != Z_OK && result != Z_BUF_ERROR) || starved) {
            throw DamagedInput("damaged or incomplete gzip data");
        }
        return false;
    }
    bool has_rest() const { return stream_.avail_in != 0; }

  private:
    z_stream stream_{};
};

}  // namespace

std::string zstd_compress(std::string_view raw, int level) {
    // Not cleared: of the room for the worst case only what the result takes is ever touched.
    const std::size_t most = ZSTD_compressBound(raw.size());
    const auto out = std::make_unique_for_overwrite<char[]>(most);
    const std::size_t size = ZSTD_compress(out.get(), most, raw.data(), raw.size(), level);
    if (ZSTD_isError(size) != 0) throw std::runtime_error(ZSTD_getErrorName(size));
    return {out.get(), size};
}

std::string gzip_compress(std::string_view raw, int level) {
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();
    }
    std::string out(deflateBound(&stream, raw.size()), '\0');
    stream.next_in = const_cast<Bytef*>(bytes(raw));
    stream.avail_in = static_cast<uInt>(raw.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (result != Z_STREAM_END) throw std::runtime_error("gzip compression failed");
    return out;
}

std::string zstd_decompress(std::string_view compressed, std::size_t limit_bytes) {
    if (!compressed.starts_with(kZstdMagic)) throw DamagedInput("not zstd data");
    const std::size_t frame = ZSTD_findFrameCompressedSize(compressed.data(), compressed.size());
    if (ZSTD_isError(frame) != 0 || frame != compressed.size()) {
        throw DamagedInput("damaged zstd data, or bytes after the frame");
    }
    const auto declared = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
    if (declared == ZSTD_CONTENTSIZE_ERROR) throw DamagedInput("damaged zstd data");
    if (declared != ZSTD_CONTENTSIZE_UNKNOWN && declared > limit_bytes) too_large(limit_bytes);

    thread_local const std::unique_ptr<ZSTD_DCtx, ZstdDeleter> context{ZSTD_createDCtx()};
    if (!context) throw std::bad_alloc();
    ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kLargestWindowLog);

    std::string out;
    // The declared size is the sender's word: believed for the first megabyte only.
    if (declared != ZSTD_CONTENTSIZE_UNKNOWN) {
        out.resize(std::min<std::size_t>(declared + 1, 1U << 20U));
    }
    ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
    std::size_t used = 0;
    for (;;) {
        grow(out, used, limit_bytes);
        ZSTD_outBuffer piece{out.data(), out.size(), used};
        const std::size_t left = ZSTD_decompressStream(context.get(), &piece, &in);
        if (ZSTD_isError(left) != 0) throw DamagedInput("damaged zstd data");
        const bool progress = piece.pos > used || left == 0;
        used = piece.pos;
        if (used > limit_bytes) too_large(limit_bytes);
        if (left == 0) break;
        if (!progress && in.pos == in.size) throw DamagedInput("incomplete zstd data");
    }
    out.resize(used);
    return out;
}

std::string gzip_decompress(std::string_view compressed, std::size_t limit_bytes) {
    GzipInflater inflater{compressed};
    std::string out;
    std::size_t used = 0;
    for (bool done = false; !done;) {
        grow(out, used, limit_bytes);
        done = inflater.fill(out, used);
        if (used > limit_bytes) too_large(limit_bytes);
    }
    if (inflater.has_rest()) throw DamagedInput("bytes after the gzip member");
    out.resize(used);
    return out;
}

}  // namespace chorus
