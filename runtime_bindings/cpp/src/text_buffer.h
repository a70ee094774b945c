// The last error of each thread, in memory that is there from the start: telling an error does not allocate.
#pragma once

#include <cstring>

namespace nowface {

inline char* last_error() {
    static thread_local char text[1024] = "";
    return text;
}

inline void set_last_error(const char* text) {
    std::strncpy(last_error(), text, 1023);
    last_error()[1023] = '\0';
}

}  // namespace nowface
