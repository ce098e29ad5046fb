// Reading from the API: the states of what is read, and lists that go on.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { isProblem, read, type Answer, type Operation, type Explanations } from "../api/call";
import { onEvent, type Change } from "../api/events";
import { t } from "../text";
import { Refusal } from "./refusal";

export function Loading() {
	return (
		<p class="loading" aria-busy="true">
			{t.loading}
		</p>
	);
}

export interface Loaded<Out> {
	/** What was read last; it stays while it is read again. */
	data: Out | undefined;
	etag: string;
	error: unknown;
	/** Set while it is read again after an error. */
	isBusy: boolean;
	/** Reads again. */
	reload: () => void;
	/** Puts an answer in the place of what was read, as after a change. */
	set: (answer: Answer<Out>) => void;
}

/** Loads the page anew: a browser doesn't ask again for a script that didn't come. */
export function loadAnew(): void {
	if (navigator.onLine) location.reload();
}

/** Tries again as soon as the connection is back, or when a server that can't answer asks for it. */
export function useReconnect(error: unknown, retry: () => void): void {
	useEffect(() => {
		if (!isProblem(error)) return;
		if (error.retryAfter) {
			// Not all at the same moment.
			const timer = setTimeout(retry, (error.retryAfter + 1 + 2 * Math.random()) * 1000);
			return () => clearTimeout(timer);
		}
		if (!isProblem(error, "offline", "not-loaded")) return;
		addEventListener("online", retry);
		return () => removeEventListener("online", retry);
	}, [error]);
}

/**
 * Reads an operation, and again when its parameters change. With refreshOn it is read again after each event that the
 * function accepts. Null parameters read nothing. how reads it, if that takes more than one call.
 */
export function useLoad<In extends object, Out>(
	op: Operation<In, undefined, Out>,
	params: In | null,
	refreshOn?: (change: Change) => boolean,
	how: typeof read<In, Out> = read,
): Loaded<Out> {
	const [state, setState] = useState<{ answer?: Answer<Out>; error?: unknown; isBusy?: boolean }>({});
	const [round, setRound] = useState(0);
	const key = JSON.stringify(params);
	const lastKey = useRef(key);
	useEffect(() => {
		if (!params) return;
		const abort = new AbortController();
		if (lastKey.current !== key) setState({});
		else setState((s) => (s.error === undefined ? s : { ...s, isBusy: true }));
		lastKey.current = key;
		how(op, params, { signal: abort.signal }).then(
			(answer) => setState({ answer }),
			(error: unknown) => abort.signal.aborted || setState((s) => ({ ...s, error, isBusy: false })),
		);
		return () => abort.abort();
	}, [op, key, round]);
	const reload = useCallback(() => setRound((n) => n + 1), []);
	useReconnect(state.error, reload);
	const accepts = useRef(refreshOn);
	accepts.current = refreshOn;
	useEffect(
		() => (refreshOn ? onEvent((change) => accepts.current?.(change) && reload()) : undefined),
		[!refreshOn],
	);
	return {
		data: state.answer?.data,
		etag: state.answer?.etag ?? "",
		error: state.error,
		isBusy: !!state.isBusy,
		reload,
		set: (answer) => setState({ answer }),
	};
}

/** What is said when there is no such thing, and where to look for it. */
export interface Gone {
	text: string;
	href: string;
	link: string;
}

interface ShowProps<Out> {
	loaded: Loaded<Out>;
	own?: Explanations;
	gone?: Gone;
	children: (data: Out) => ComponentChildren;
}

/** Shows what was read, or that it is on its way, or why it isn't there. */
export function Show<Out>({ loaded, own, gone, children }: ShowProps<Out>) {
	const { data, error } = loaded;
	// Whether an address is wrong, or of something that isn't the reader's, looks the same. A retry is of no use then.
	const isGone = isProblem(error, "not-found", "validation-failed");
	return (
		<>
			{error !== undefined && (
				<Refusal
					error={error}
					own={isGone && gone ? { [error.slug]: gone.text } : (own ?? {})}
					retry={isGone ? undefined : loaded.reload}
					isBusy={loaded.isBusy}
				>
					{isGone && gone && <a href={gone.href}>{gone.link}</a>}
				</Refusal>
			)}
			{data !== undefined ? children(data) : error === undefined && <Loading />}
		</>
	);
}

interface ListAnswer<Item> {
	items: Item[];
	nextCursor?: string | null;
}

/** Returns a list with what follows it. */
function after<Item>(items: Item[], { data }: Answer<ListAnswer<Item>>): ListAnswer<Item> {
	return { ...data, items: [...items, ...data.items] };
}

interface ListProps<In, Item> {
	op: Operation<In & { cursor?: string }, undefined, ListAnswer<Item>>;
	params: NoInfer<In>;
	/** What is shown when there is nothing. */
	empty: ComponentChildren;
	/** Draws the items that are there so far; rest is empty when these are all. */
	children: (items: Item[], reload: () => void, rest: string | null | undefined) => ComponentChildren;
	refreshOn?: (change: Change) => boolean;
	own?: Explanations;
}

/** Shows a list, and a button for the rest of it. When it is read again, it is as long as it was. */
export function List<In extends object, Item>({ op, params, empty, children, refreshOn, own }: ListProps<In, Item>) {
	const shown = useRef<ListAnswer<Item> | undefined>(undefined);
	const least = useRef(0);
	const loaded = useLoad(op, params as In & { cursor?: string }, refreshOn, async (_, asked, options) => {
		let { data } = await read(op, asked, options);
		while (data.nextCursor && data.items.length < least.current) {
			data = after(data.items, await read(op, { ...params, cursor: data.nextCursor }, options));
		}
		return { data, etag: "" };
	});
	const list = (shown.current = loaded.data);
	least.current = list?.items.length ?? 0;
	const [error, setError] = useState<unknown>(null);
	const [isBusy, setBusy] = useState(false);
	const cursor = list?.nextCursor;
	const more = async (): Promise<void> => {
		if (isBusy || !list || !cursor) return;
		least.current++;
		setBusy(true);
		setError(null);
		try {
			const data = after(list.items, await read(op, { ...params, cursor }));
			if (shown.current === list) loaded.set({ data, etag: "" });
		} catch (e) {
			setError(e);
		}
		setBusy(false);
	};
	return (
		<Show loaded={loaded} own={own ?? {}}>
			{({ items }) => {
				// A page of a search can be empty though there are more.
				if (items.length === 0 && !cursor) return <p class="empty">{empty}</p>;
				return (
					<>
						{children(items, loaded.reload, cursor)}
						{error !== null && <Refusal error={error} />}
						{cursor && (
							<button type="button" onClick={() => void more()} aria-disabled={isBusy}>
								{isBusy ? t.loading : t.more}
							</button>
						)}
					</>
				);
			}}
		</Show>
	);
}
