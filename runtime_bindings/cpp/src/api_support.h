// What all functions of the C interface share: handles, checks of arguments, and exceptions that become statuses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <string>

#include "bundle.h"
#include "error.h"
#include "nowface.h"
#include "text_buffer.h"

struct nowface_bundle {
    nowface::Bundle bundle;
};

struct nowface_session {
    nowface::Session session;
    nowface_session(std::shared_ptr<const nowface::Loaded> loaded,
                    const std::map<std::string, nowface::Floats>& parameters, const nowface::SessionOptions& options)
        : session(std::move(loaded), parameters, options) {}
};

namespace nowface::api {

[[noreturn]] inline void refuse(const std::string& subject, const std::string& problem, const std::string& mend) {
    throw Error(NOWFACE_ERROR_USAGE, subject, problem, mend);
}

template <typename Call>
std::int32_t guarded(Call call) noexcept {
    try {
        return call();
    } catch (const Error& error) {
        set_last_error(error.what());
        return error.status();
    } catch (const std::bad_alloc&) {
        set_last_error("memory: there is not enough; free some or use a smaller model");
        return NOWFACE_ERROR_MEMORY;
    } catch (const std::exception& error) {
        set_last_error(error.what());
        return NOWFACE_ERROR_INTERNAL;
    } catch (...) {
        set_last_error("nowface: an unknown fault; please report it");
        return NOWFACE_ERROR_INTERNAL;
    }
}

template <typename Pointer>
void require(const Pointer* pointer, const char* name) {
    if (pointer == nullptr) refuse(name, "is NULL", "give a pointer");
}

template <typename Struct>
void require_size(const Struct* given, const char* name) {
    if (given->struct_size < 2 * sizeof(std::uint32_t)) refuse(name, "struct_size is not set", "begin with its INIT macro");
}

// A caller's struct that may be shorter than ours, made by an older header: what it lacks is zero.
template <typename Options>
Options read_options(const Options* given, const char* name) {
    Options options{};
    if (given == nullptr) return options;
    if (given->abi_version != NOWFACE_ABI_VERSION) {
        throw Error(NOWFACE_ERROR_ABI, name, "abi_version is " + std::to_string(given->abi_version),
                    "build against the header of this library, whose version is " + std::to_string(NOWFACE_ABI_VERSION));
    }
    require_size(given, name);
    std::memcpy(&options, given, std::min<std::size_t>(given->struct_size, sizeof(Options)));
    return options;
}

// Writes as much of `made` as the caller's struct has room for.
template <typename Struct>
void write_struct(Struct* to, Struct made, const char* name) {
    require(to, name);
    require_size(to, name);
    made.struct_size = to->struct_size;
    std::memcpy(to, &made, std::min<std::size_t>(to->struct_size, sizeof(Struct)));
}

inline void check_buffer(std::size_t capacity, std::size_t wanted) {
    if (capacity >= wanted) return;
    throw Error(NOWFACE_ERROR_BUFFER, "capacity", std::to_string(capacity) + " floats do not hold the result",
                "give a buffer of " + std::to_string(wanted));
}

// `what` is a noun, such as output.
inline void check_index(std::size_t index, std::size_t count, const std::string& what) {
    if (index < count) return;
    refuse(what + " " + std::to_string(index), "there is no such " + what,
           "there are " + std::to_string(count) + ", counted from 0");
}

}  // namespace nowface::api
