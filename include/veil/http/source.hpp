// Where a request comes from, for the audit trail: a handler asks for it as a parameter before its path and body.
#pragma once

#include <veil/audit/audit.hpp>
#include <veil/http/extract.hpp>

template <>
struct veil::http::extract<veil::audit::source> {
    static constexpr stage order = stage::auth;
    explicit extract(const route_info&) {}
    audit::source operator()(const request& r) const { return {.request_id = r.id, .address = r.peer}; }
    void describe(operation&) const {}
};
