#include <veil/app/command_line.hpp>

int main(int argc, char** argv) { return veil::app::run(argc, argv); }
