// Forms of a single slot.

import { call, isProblem, type Explanations } from "../../api/call";
import { now } from "../../api/clock";
import { createSlot, readSlot, updateSlot, type Slot, type SlotUpdateRequest } from "../../api/operations";
import { Checkbox, Field, Form, type Values } from "../../parts/form";
import { NumberField } from "../../parts/number-field";
import { Show, useLoad } from "../../parts/load";
import { addDays, currentDay, zone } from "../../parts/time";
import { t } from "../../text";
import { instantOf, wallOf } from "../../parts/wall";
import { refuse } from "./fault";
import { text } from "./text";

/** Returns the refusals of slots, in words. */
export function slotRefusals(): Explanations {
	return {
		"doctor-not-approved": text.notApproved,
		"erasure-due": text.erasureDue,
		"on-leave": text.onLeave,
		"slot-exists": text.slotExists,
		"slot-overlap": text.slotOverlap,
		"slot-has-consultations": text.slotHasVisits,
		"slot-has-history": text.slotHasHistory,
		"slot-begun": text.slotBegun,
		"illegal-transition": text.slotFull,
	};
}

interface Times {
	startTime: string;
	endTime: string;
}

/** Reads the times of a slot, and refuses those that the server would. One that ends at midnight ends on the next day. */
function timesIn(values: Values, day: string): Times {
	const [begin, stop] = [values.text("startTime"), values.text("endTime")];
	const start = instantOf(day, begin, zone());
	const end = instantOf(stop <= begin ? addDays(day, 1) : day, stop, zone(), start.at);
	const minutes = (Date.parse(end.at) - Date.parse(start.at)) / 60_000;
	if (start.isSkipped) refuse([["startTime", text.skipped]]);
	if (Date.parse(start.at) <= now()) refuse([["startTime", text.isOver]]);
	if (minutes < 5 || minutes > 480) refuse([["endTime", text.slotLength]]);
	return { startTime: start.at, endTime: end.at };
}

interface AddSlotProps {
	day: string;
	/** The last slot of the day: the next one begins after it. */
	after: Slot | undefined;
	added: (slot: Slot) => void;
}

/** One more slot on a day. */
export function AddSlot({ day, after, added }: AddSlotProps) {
	return (
		<details class="card">
			<summary>{text.addSlot}</summary>
			<Form
				action={text.addSlot}
				done={text.slotAdded}
				own={slotRefusals()}
				submit={async (values, key) => {
					const maxPatients = values.number("maxPatients");
					const status = values.checked("status") ? ("BLOCKED" as const) : ("AVAILABLE" as const);
					const body = { ...timesIn(values, day), maxPatients, status };
					added((await call(createSlot, {}, body, { idempotencyKey: key })).data);
				}}
			>
				<div class="row">
					<Field
						name="startTime"
						label={text.startTime}
						type="time"
						required
						initial={after && wallOf(after.endTime, zone()).time}
					/>
					<Field name="endTime" label={text.endTime} type="time" required />
					<NumberField name="maxPatients" label={text.maxPatients} min={1} max={100} required initial={1} />
				</div>
				<Checkbox name="status" label={text.addBlocked} hint={text.addBlockedHint} />
			</Form>
		</details>
	);
}

/** Changes the times or the places of a slot; only the places of one that is booked. */
export function ChangeSlot({ id, changed }: { id: string; changed: (slot: Slot) => void }) {
	const slot = useLoad(readSlot, { id });
	return (
		<Show loaded={slot}>
			{(data) => (
				<ChangeForm key={slot.etag} slot={data} etag={slot.etag} changed={changed} reload={slot.reload} />
			)}
		</Show>
	);
}

interface ChangeFormProps {
	slot: Slot;
	etag: string;
	changed: (slot: Slot) => void;
	reload: () => void;
}

function ChangeForm({ slot, etag, changed, reload }: ChangeFormProps) {
	const taken = slot.status === "BLOCKED" ? 0 : slot.maxPatients - slot.seatsFree;
	const start = wallOf(slot.startTime, zone());
	const end = wallOf(slot.endTime, zone());
	const today = currentDay();
	const submit = async (values: Values): Promise<void> => {
		const patch: SlotUpdateRequest = { maxPatients: values.number("maxPatients") };
		const isMoved =
			taken === 0 &&
			(values.text("day") !== start.day ||
				values.text("startTime") !== start.time ||
				values.text("endTime") !== end.time);
		if (isMoved) Object.assign(patch, timesIn(values, values.text("day")));
		changed((await call(updateSlot, { id: slot.id }, patch, { ifMatch: etag })).data);
	};
	return (
		<Form
			action={t.save}
			done={t.saved}
			own={slotRefusals()}
			submit={submit}
			onRefusal={(error) =>
				isProblem(error, "precondition-failed") && (
					<button type="button" onClick={reload}>
						{text.loadAnew}
					</button>
				)
			}
		>
			{taken > 0 ? (
				<p>{text.onlyPlaces(taken)}</p>
			) : (
				<>
					<Field
						name="day"
						label={text.day}
						type="date"
						required
						initial={start.day}
						min={today}
						max={addDays(today, 365)}
					/>
					<div class="row">
						<Field name="startTime" label={text.startTime} type="time" required initial={start.time} />
						<Field name="endTime" label={text.endTime} type="time" required initial={end.time} />
					</div>
				</>
			)}
			<NumberField
				name="maxPatients"
				label={text.maxPatients}
				min={Math.max(taken, 1)}
				max={100}
				required
				initial={slot.maxPatients}
			/>
		</Form>
	);
}
