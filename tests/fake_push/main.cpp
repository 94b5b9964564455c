#include <cstdio>
#include <exception>

#include "fake.hpp"

namespace fake_push = veil::fake_push;

int main(int argc, char** argv) {
    try {
        const auto wanted = fake_push::read_options(argc, argv);
        if (!wanted) return std::fputs(fake_push::usage().c_str(), stdout) < 0 ? 1 : 0;
        fake_push::run(*wanted);
        return 0;
    } catch (const fake_push::wrong_use& fault) {
        std::fprintf(stderr, "veil-fake-push: %s\nSee veil-fake-push --help.\n", fault.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "veil-fake-push: %s\n", error.what());
        return 1;
    }
}
