// Calls of the API: one function, which adds what every request needs and turns refusals into Problem.

import { language } from "../text/language";
import type { ProblemSlug } from "./operations";
import { hear } from "./clock";

const base = "/api/v1";

/**
 * An operation of the OpenAPI document, like "GET /doctors/{id}". In has its parameters, Body and Out are what is sent
 * and answered; at run time there is only the text.
 */
export type Operation<In, Body, Out> = string & { types?: { in: In; body: Body; out: Out } };

/** The user of this tab, whose page may be older than the session of the browser: session.ts sets it. */
export const caller = { id: "" };

/** What an operation is called with. */
export interface CallOptions {
	/** A POST with the same key is carried out once, however often it is sent. */
	idempotencyKey?: string;
	/** The ETag of what the change is based on. */
	ifMatch?: string;
	/** Ends the call. */
	signal?: AbortSignal;
	/** Don't ask for a sign-in when the session has ended: the caller looks whether there is one. */
	quiet?: boolean;
	/** The answer is a file: its data is a Blob. */
	isFile?: boolean;
}

/** The answer of an operation, with the ETag that a later change names. */
export interface Answer<Out> {
	data: Out;
	etag: string;
}

/** A refusal (RFC 9457), or slug "offline" when no answer came. */
export class Problem extends Error {
	constructor(
		readonly slug: Slug,
		readonly status = 0,
		readonly title = "",
		/** The faults of a request's fields, by their place, like "body.email". */
		readonly errors: Array<{ location: string; message: string }> = [],
		/** Seconds after which to try again, or 0. */
		readonly retryAfter = 0,
		/** The whole answer, for what some refusals add. */
		readonly body: Record<string, unknown> = {},
	) {
		super(title);
	}

	/** How many things stand in the way, where the refusal says it, or 0. */
	get count(): number {
		return Number(this.body["count"]) || 0;
	}
}

/** The slugs of the API, and those of the console. */
export type Slug =
	| ProblemSlug
	| "offline"
	| "outcome-unknown"
	| "not-loaded"
	| "unknown"
	| "unavailable"
	| "no-cookie"
	| "passkey-declined"
	| "passkey-unusable"
	| "no-time"
	| "notes-unsaved"
	| "policy-order"
	| "refused";

/** What a page says of refusals by their slug, before the texts that all pages share. */
export type Explanations = Partial<Record<Slug, string>>;

export function isProblem(error: unknown, ...slugs: Slug[]): error is Problem {
	return error instanceof Problem && (slugs.length === 0 || slugs.includes(error.slug));
}

/** Reports whether an error is the answer: without one, the same key finds out what became of the request. */
export function isFinal(error: unknown): boolean {
	return isProblem(error) && error.status >= 400 && error.status < 500 && error.slug !== "idempotency-in-flight";
}

function failure(slug: Slug): Problem {
	return new Problem(slug);
}

/** Loads files of the console. Throws Problem "not-loaded": there is no connection, or a newer version of them. */
export async function loadFiles<T>(load: () => Promise<T>): Promise<T> {
	try {
		return await load();
	} catch {
		throw failure("not-loaded");
	}
}

/** Loads a part of the console with its texts. Throws Problem, like loadFiles. */
export function loadPart<Part extends { load: () => Promise<void> }>(from: () => Promise<Part>): Promise<Part> {
	return loadFiles(async () => {
		const part = await from();
		await part.load();
		return part;
	});
}

/** What the dialogs of session.tsx do before a call goes on. Each resolves to whether the call is sent again. */
export const recover: {
	signIn: () => Promise<boolean>;
	prove: () => Promise<boolean>;
	/** Like prove, for users who have a second factor. */
	proveFactor: () => Promise<boolean>;
} = {
	signIn: () => Promise.resolve(false),
	prove: () => Promise.resolve(false),
	proveFactor: () => Promise.resolve(false),
};

/** Returns a new key for one intention, however often it is sent. */
export function newKey(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * The keys of changes that are under way, or of which nobody knows what became, by what they ask for. Asked for once
 * more, as in a dialog that was closed meanwhile, it is the same intention.
 */
const unsettled = new Map<string, string>();

type Params = Record<string, unknown>;

/** Returns the address of an operation with its parameters. */
export function address<In extends object, Body, Out>(op: Operation<In, Body, Out>, params: In): string {
	const rest = { ...params } as Params;
	const path = op.slice(op.indexOf(" ") + 1).replace(/\{(\w+)\}/g, (_, name: string) => {
		const value = String(rest[name]);
		delete rest[name];
		return encodeURIComponent(value);
	});
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(rest)) {
		if (value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)) {
			query.set(name, Array.isArray(value) ? value.join(",") : String(value));
		}
	}
	const text = query.toString();
	return base + path + (text && "?" + text);
}

/**
 * Calls an operation. Throws Problem. When the session has ended or a recent proof of identity is missing, it asks the
 * user, and then sends the same request again.
 */
export function call<In extends object, Body, Out>(
	op: Operation<In, Body, Out>,
	params: In,
	...[body, options = {}]: Body extends undefined ? [undefined?, CallOptions?] : [Body, CallOptions?]
): Promise<Answer<Out>> {
	return request(op, params, body, options);
}

/** Reads an operation that takes no body. Throws Problem, like call. */
export function read<In extends object, Out>(
	op: Operation<In, undefined, Out>,
	params: In,
	options: CallOptions = {},
): Promise<Answer<Out>> {
	return request(op, params, undefined, options);
}

async function request<In extends object, Body, Out>(
	op: Operation<In, Body, Out>,
	params: In,
	body: unknown,
	options: CallOptions,
): Promise<Answer<Out>> {
	const method = op.slice(0, op.indexOf(" "));
	const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": language };
	if (body !== undefined)
		headers["Content-Type"] = method === "PATCH" ? "application/merge-patch+json" : "application/json";
	if (options.ifMatch) headers["If-Match"] = options.ifMatch;
	if (caller.id && method !== "GET") headers["Expected-User"] = caller.id;
	const init: RequestInit = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
	const to = address(op, params);
	const intention = to + init.body;
	const key = options.idempotencyKey && (unsettled.get(intention) ?? options.idempotencyKey);
	if (key) headers["Idempotency-Key"] = key;
	for (let round = 0; ; round++) {
		if (key) unsettled.set(intention, key);
		const answer = await send(to, init, options);
		if (!isProblem(answer) || isFinal(answer)) unsettled.delete(intention);
		if (!isProblem(answer)) return answer as Answer<Out>;
		if (answer.slug === "unauthenticated" && !options.quiet) {
			// The first answer may be what the page preloaded before somebody signed in on it.
			if (method === "GET" && round === 0) continue;
			if (await recover.signIn()) continue;
		}
		if (answer.slug === "reauthentication-required" && (await recover.prove())) continue;
		// What only a second factor allows says so, whether there is none or it was proven too long ago.
		if (answer.slug === "mfa-required" && !options.quiet && (await recover.proveFactor())) continue;
		throw answer;
	}
}

/** How long an answer may take, in milliseconds. Then the user decides whether to wait on. */
const patience = 30_000;

/** Returns the answer, or the server's refusal. Throws Problem if there is none. */
async function send(to: string, init: RequestInit, options: CallOptions): Promise<Answer<unknown> | Problem> {
	const isRead = init.method === "GET";
	const end = new AbortController();
	const stop = (): void => end.abort();
	const timer = setTimeout(stop, patience);
	options.signal?.addEventListener("abort", stop);
	if (options.signal?.aborted) stop();
	let response: Response | undefined;
	try {
		response = await fetch(to, { ...init, signal: end.signal });
		hear(response);
		if (!response.ok) return await readProblem(response);
		const etag = response.headers.get("ETag") ?? "";
		if (options.isFile) {
			clearTimeout(timer); // a large file takes as long as it takes
			return { data: await response.blob(), etag };
		}
		const text = await response.text();
		return { data: text || isRead ? JSON.parse(text) : undefined, etag };
	} catch (error) {
		if (options.signal?.aborted) throw error;
		// Without an answer in time, or with half of one or something else's, nobody knows what became of a change.
		if (response || end.signal.aborted) throw failure(isRead ? "unknown" : "outcome-unknown");
		throw failure("offline");
	} finally {
		clearTimeout(timer);
	}
}

/** The most seconds that a page waits before it tries again by itself. */
const longestWait = 600;

/** Reads a refusal: what isn't one comes from something between us and the server. */
async function readProblem(response: Response): Promise<Problem> {
	const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
	const text = (name: string): string => (typeof body[name] === "string" ? (body[name] as string) : "");
	return new Problem(
		(text("type").replace("/problems/", "") || "unknown") as Slug,
		response.status,
		text("title"),
		Array.isArray(body["errors"]) ? body["errors"] : [],
		// Longer than a timer can wait it would be no time at all, and so would less than nothing.
		Math.min(Math.abs(Number(response.headers.get("Retry-After"))) || 0, longestWait),
		body,
	);
}
