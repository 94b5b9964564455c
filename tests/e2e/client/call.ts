// A typed call of the API: path, method, success status, body and answer all come from the document.
import type { paths } from "./schema.js";

type Method = "get" | "post" | "put" | "patch" | "delete";
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
type Body<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
type Parameters<O> = O extends { parameters: { path: infer N } } ? N : undefined;
type Answer<O, S extends number> = O extends {
    responses: { [K in S]: { content: { "application/json": infer A } } };
}
    ? A
    : never;

export interface Input<O> {
    body: Body<O>;
    parameters: Parameters<O>;
    token?: string;
}

function fill(path: string, parameters: Record<string, string>): string {
    return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ""));
}

export async function call<P extends keyof paths, M extends Method, S extends number>(
    server: string,
    method: M,
    path: P,
    status: S,
    input: Input<Operation<P, M>>,
): Promise<Answer<Operation<P, M>, S>> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (input.token !== undefined) headers["Authorization"] = `Bearer ${input.token}`;
    const answer = await fetch(server + fill(path, (input.parameters ?? {}) as Record<string, string>), {
        method: method.toUpperCase(),
        headers,
        body: input.body === undefined ? null : JSON.stringify(input.body),
    });
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer<Operation<P, M>, S>;
}
