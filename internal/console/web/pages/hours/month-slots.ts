// The doctor's own slots and leaves of a month.

import { useCallback, useEffect, useState } from "preact/hooks";
import { read, type Answer } from "../../api/call";
import {
	listAvailabilityExceptions,
	listOwnSlots,
	type Exception,
	type ExceptionPage,
	type Slot,
	type SlotPage,
} from "../../api/operations";
import { addMonths } from "../../parts/calendar";
import { currentDay, zone } from "../../parts/time";
import { useVisitChanges } from "../../parts/visit-changes";
import { beginOf } from "../../parts/wall";

interface Read {
	month: string;
	slots: Slot[];
	leaves: Exception[];
	/** Everything is read. */
	isWhole: boolean;
}

export interface MonthSlots {
	slots: Slot[];
	leaves: Exception[];
	isWhole: boolean;
	error: unknown;
	reload: () => void;
	/** Shows a slot that was made or changed. */
	put: (slot: Slot) => void;
	/** Shows a slot no more. */
	drop: (id: string) => void;
}

const nothing: Read = { month: "", slots: [], leaves: [], isWhole: false };

/** Reads the slots of a month, and again when visits are booked or cancelled. What is there so far shows meanwhile. */
export function useMonthSlots(month: string): MonthSlots {
	const [state, setState] = useState(nothing);
	const [error, setError] = useState<unknown>(undefined);
	const [round, setRound] = useState(0);
	useEffect(() => {
		const abort = new AbortController();
		readMonth(month, abort.signal, (next) => {
			setError(undefined);
			// While a month is read again, what it was stays.
			setState((s) => (next.isWhole || s.month !== month || !s.isWhole ? next : s));
		}).catch((e: unknown) => abort.signal.aborted || setError(e));
		return () => abort.abort();
	}, [month, round]);
	const reload = useCallback(() => setRound((n) => n + 1), []);
	useVisitChanges(reload);
	const change = (edit: (slots: Slot[]) => Slot[]): void => setState((s) => ({ ...s, slots: edit(s.slots) }));
	const drop = (id: string): void => change((slots) => slots.filter((slot) => slot.id !== id));
	const put = (slot: Slot): void =>
		change((slots) =>
			[...slots.filter(({ id }) => id !== slot.id), slot].sort(
				(a, b) => Date.parse(a.startTime) - Date.parse(b.startTime),
			),
		);
	const shown = state.month === month ? state : nothing;
	return { slots: shown.slots, leaves: shown.leaves, isWhole: shown.isWhole, error, reload, put, drop };
}

async function readMonth(month: string, signal: AbortSignal, show: (read: Read) => void): Promise<void> {
	const today = currentDay();
	const first = month + "-01" > today ? month + "-01" : today;
	const from = beginOf(first, zone());
	const to = beginOf(addMonths(month, 1) + "-01", zone());
	const all = { from, to, limit: 100 };
	const exceptions: Exception[] = [];
	let cursor: string | undefined;
	do {
		const page: Answer<ExceptionPage> = await read(listAvailabilityExceptions, cursor ? { ...all, cursor } : all, {
			signal,
		});
		exceptions.push(...page.data.items);
		cursor = page.data.nextCursor;
	} while (cursor);
	const leaves = exceptions.filter((item) => item.kind === "LEAVE");
	const slots: Slot[] = [];
	do {
		const page: Answer<SlotPage> = await read(listOwnSlots, cursor ? { ...all, cursor } : all, { signal });
		slots.push(...page.data.items);
		cursor = page.data.nextCursor;
		show({ month, slots: [...slots], leaves, isWhole: !cursor });
	} while (cursor);
}
