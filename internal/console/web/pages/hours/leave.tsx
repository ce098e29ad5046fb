import { useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import {
	deleteAvailabilityException,
	listAvailabilityExceptions,
	type ChangedException,
	type Exception,
	type SlotChanges,
} from "../../api/operations";
import { List } from "../../parts/load";
import { ZoneNote, addDays, clock, dayName, zone } from "../../parts/time";
import { t } from "../../text";
import { beginOf, wallOf } from "../../parts/wall";
import { Changes } from "./changes";
import { ExtraForm } from "./extra-form";
import { LeaveForm } from "./leave-form";
import { Tabs } from "./tabs";
import { DeleteDialog } from "./delete-dialog";
import { text } from "./text";

const page: { limit?: number } = { limit: 50 };

interface Result {
	title: string;
	slots: SlotChanges;
	outside?: (n: number) => string;
	nothing?: string;
}

/** Times at which a doctor works less or more than the rules say. */
export function Leave() {
	const [result, setResult] = useState<Result | null>(null);
	const [unwanted, setUnwanted] = useState<Exception | null>(null);
	const [round, setRound] = useState(0);
	// What was sent is cleared; what is typed in the other form stays.
	const [sent, setSent] = useState({ LEAVE: 0, EXTRA: 0 });
	const finish = (next: Result): void => {
		setUnwanted(null);
		setResult(next);
		setRound(round + 1);
	};
	const made = (made: ChangedException): void => {
		const isLeave = made.kind === "LEAVE";
		setSent({ ...sent, [made.kind]: sent[made.kind] + 1 });
		finish({
			title: (isLeave ? text.leaveSaved : text.extraSaved)(timesOf(made)),
			slots: made.slots,
			...(isLeave && { outside: text.onLeaveNow }),
			nothing: isLeave ? text.nothingClosed : text.nothingOpenedExtra,
		});
	};
	const remove = async (item: Exception): Promise<void> => {
		const { data } = await call(deleteAvailabilityException, { id: item.id }, undefined);
		finish({ title: item.kind === "LEAVE" ? text.leaveDeleted : text.extraDeleted, slots: data });
	};
	return (
		<>
			<Title text={text.leaveTitle} />
			<Tabs at="/hours/leave" />
			<ZoneNote />
			{result && <Changes {...result} />}
			<h2>{text.planned}</h2>
			<List key={round} op={listAvailabilityExceptions} params={page} empty={text.noLeave}>
				{(items) => (
					<ul class="list">
						{items.map((item) => (
							<Planned key={item.id} item={item} remove={() => setUnwanted(item)} />
						))}
					</ul>
				)}
			</List>
			<div class="columns">
				<section class="card" aria-labelledby="away">
					<h2 id="away">{text.away}</h2>
					<LeaveForm key={sent.LEAVE} done={made} />
				</section>
				<section class="card" aria-labelledby="extra">
					<h2 id="extra">{text.extra}</h2>
					<ExtraForm key={sent.EXTRA} done={made} />
				</section>
			</div>
			{unwanted && (
				<DeleteDialog
					title={unwanted.kind === "LEAVE" ? text.deleteLeave : text.deleteExtra}
					what={timesOf(unwanted)}
					hint={unwanted.kind === "LEAVE" ? text.deleteLeaveHint : text.deleteExtraHint}
					remove={() => remove(unwanted)}
					close={() => setUnwanted(null)}
				/>
			)}
		</>
	);
}

/** Returns the days of an exception, with its times unless it is whole days. */
export function timesOf({ from, to }: Pick<Exception, "from" | "to">): string {
	const begin = wallOf(from, zone());
	const end = wallOf(to, zone());
	if (from === beginAs(from, begin.day) && to === beginAs(to, end.day)) {
		const last = addDays(end.day, -1);
		return last === begin.day ? dayName(last) : `${dayName(begin.day)} – ${dayName(last)}`;
	}
	const isOneDay = begin.day === end.day;
	return `${dayName(begin.day)}, ${clock(from)} – ${isOneDay ? "" : dayName(end.day) + ", "}${clock(to)}`;
}

/** Returns when a day begins, in the form of an instant of the API if it is the same. */
function beginAs(at: string, day: string): string {
	const begin = beginOf(day, zone());
	return Date.parse(begin) === Date.parse(at) ? at : begin;
}

function Planned({ item, remove }: { item: Exception; remove: () => void }) {
	const times = timesOf(item);
	return (
		<li class="card">
			<p>
				<span class="chip">{item.kind === "LEAVE" ? text.away : text.extra}</span> <strong>{times}</strong>
			</p>
			{item.kind === "EXTRA" && (
				<p>
					{text.each(t.minutes(item.slotMinutes ?? 0))}
					{(item.bufferMinutes ?? 0) > 0 && `, ${text.withBreak(t.minutes(item.bufferMinutes ?? 0))}`}
					{(item.maxPatients ?? 1) > 1 && `, ${text.forPatients(item.maxPatients ?? 1)}`}
				</p>
			)}
			<button type="button" aria-label={text.named(text.delete, times)} onClick={remove}>
				{text.delete}
			</button>
		</li>
	);
}
