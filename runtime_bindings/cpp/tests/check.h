// Tests that register themselves: TEST(a_sentence) { CHECK(condition); } in any file, TEST_MAIN once a program.
#pragma once

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace check {

struct Test {
    const char* name;
    void (*body)();
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

inline int& failures() {
    static int count = 0;
    return count;
}

inline bool add(const char* name, void (*body)()) {
    tests().push_back({name, body});
    return true;
}

inline void fail(const char* file, int line, const char* what) {
    ++failures();
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

// Runs every test; gives the exit status.
inline int run() {
    for (const Test& test : tests()) {
        const int before = failures();
        try {
            test.body();
        } catch (const std::exception& error) {
            fail(test.name, 0, error.what());
        }
        if (failures() != before) std::fprintf(stderr, "FAILED %s\n", test.name);
    }
    std::fprintf(stderr, "%zu tests, %d failed checks\n", tests().size(), failures());
    return tests().empty() || failures() != 0 ? 1 : 0;
}

}  // namespace check

#define TEST(name)                                                             \
    static void name();                                                        \
    [[maybe_unused]] static const bool name##_added = check::add(#name, name); \
    static void name()

// A test goes on after a CHECK that fails, and ends at a REQUIRE that does.
#define CHECK(condition) ((condition) ? void() : check::fail(__FILE__, __LINE__, "not so: " #condition))
#define REQUIRE(condition)                                          \
    do {                                                            \
        if (!(condition)) {                                         \
            check::fail(__FILE__, __LINE__, "not so: " #condition); \
            return;                                                 \
        }                                                           \
    } while (false)

// `expression` throws `Type` with `text` in its message.
#define CHECK_THROWS(expression, Type, text)                                                                    \
    do {                                                                                                        \
        try {                                                                                                   \
            static_cast<void>(expression);                                                                      \
            check::fail(__FILE__, __LINE__, "does not throw: " #expression);                                    \
        } catch (const Type& error) {                                                                           \
            if (std::string(error.what()).find(text) == std::string::npos)                                      \
                check::fail(__FILE__, __LINE__, (std::string("throws another text: ") + error.what()).c_str()); \
        }                                                                                                       \
    } while (false)

#define TEST_MAIN \
    int main() { return check::run(); }
