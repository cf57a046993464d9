// The answers of the API, by its own description: `npm run types` makes openapi.d.ts of openapi.json.
import type { components, paths } from "./openapi";

type Schemas = components["schemas"];
export type Alert = Schemas["Alert"];
export type AlertDetail = Schemas["AlertDetail"];
export type AlertContext = Schemas["AlertContext"];
export type Backtest = Schemas["Backtest"];
export type CheckedService = Schemas["CheckedService"];
export type Culprit = Schemas["Culprit"];
export type Host = Schemas["Host"];
export type HostEvent = Schemas["HostEvent"];
export type HostOverview = Schemas["SystemOverview"];
export type Me = Schemas["Me"];
export type MetricInfo = Schemas["MetricType"];
export type PastCheck = Schemas["PastCheck"];
export type Process = Schemas["ProcessMetric"];
export type Rule = Schemas["Rule"];
export type SeriesAnswer = Schemas["MetricSeries"];
export type ServiceHistory = Schemas["ServiceHistory"];
export type ServiceStatus = Schemas["Status"];
export type Severity = Schemas["Severity"];
export type Silence = Schemas["Silence"];
export type Snapshot = Schemas["ProcessSnapshot"];

export const SEVERITIES: Severity[] = ["critical", "high", "medium", "low", "info"];

// Below: which operation a path such as ["alerts", id] means, and what it takes and answers.
type Segment<S extends string> = S extends `{${string}}` ? string : S;
type Split<S extends string> = S extends `${infer Head}/${infer Rest}` ? readonly [Segment<Head>, ...Split<Rest>] : readonly [Segment<S>];
type Words<P> = P extends `/api/v1/${infer Rest}` ? Split<Rest> : never;
type Method = "get" | "post" | "patch" | "delete";
type Has<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: object }> ? P : never }[keyof paths];

export type Path<M extends Method> = { [P in Has<M>]: Words<P> }[Has<M>];
type Operation<M extends Method, T> = { [P in Has<M>]: T extends Words<P> ? paths[P][M] : never }[Has<M>];

type Json<R> = R extends { content: { "application/json": infer A } } ? A : never;
type Good<R> = { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R];
export type Answer<M extends Method, T> = Operation<M, T> extends { responses: infer R } ? Good<R> : never;
type Asked<T> = Operation<"get", T> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;
export type Query<T> = [Asked<T>] extends [never] ? Record<string, never> : Asked<T>;
export type Body<M extends Method, T> = Operation<M, T> extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
