// Checks bundles as the library does when it opens them, without a model's runtime.
//
//   nowface-check FOLDER...     each folder on a line: `ok`, or what is wrong with it
//   nowface-check --manifests   texts of manifests from standard input, each after its length in bytes on a line
//
// Exits with 0 if all are good, else with 2.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif

#include "error.h"
#include "folder.h"
#include "manifest.h"
#include "safetensors.h"

namespace {

bool tell(const std::function<void()>& check) {
    std::string line = "ok";
    bool good = true;
    try {
        check();
    } catch (const nowface::Error& error) {
        line = error.what();
        good = false;
    }
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);  // a program that waits for the answer sends the next manifest after it
    return good;
}

void check_folder(const std::string& folder) {
    const nowface::Manifest manifest = nowface::read_manifest(folder);
    nowface::check_files(folder, manifest, true);
    for (const nowface::FileRecord& file : manifest.files)
        if (file.path == manifest.parameters)
            nowface::parse_specified(nowface::read_checked(folder, file, true), manifest.pipeline.parameters,
                                     folder + "/" + file.path);
}

bool check_manifests() {
#if defined(_WIN32)
    _setmode(_fileno(stdin), _O_BINARY);
#endif
    bool good = true;
    std::size_t length = 0;
    while (std::scanf("%zu", &length) == 1 && std::getchar() == '\n') {
        std::string text(length, '\0');
        if (std::fread(&text[0], 1, length, stdin) != length) return false;
        good = tell([&] { nowface::parse_manifest(text, "manifest.json"); }) && good;
    }
    return good;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 2) {
        std::fprintf(stderr, "usage: nowface-check FOLDER... | --manifests\n");
        return 2;
    }
    bool good = true;
    if (std::string(arguments[1]) == "--manifests") {
        good = check_manifests();
    } else {
        for (int index = 1; index < count; ++index) good = tell([&] { check_folder(arguments[index]); }) && good;
    }
    return good ? 0 : 2;
}
