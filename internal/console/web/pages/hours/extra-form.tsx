import { call } from "../../api/call";
import { now } from "../../api/clock";
import { createAvailabilityException, type ChangedException, type CreateExceptionRequest } from "../../api/operations";
import { Field, Form, type Values } from "../../parts/form";
import { addDays, currentDay, zone } from "../../parts/time";
import { instantOf } from "../../parts/wall";
import { refuse } from "./fault";
import { firstDay, ownOf } from "./leave-form";
import { SlotFields } from "./rule-form";
import { text } from "./text";

/** Reads extra hours, and refuses those that the server would. */
function extraOf(values: Values): CreateExceptionRequest {
	const [day, start, end] = [values.text("from"), values.text("fromTime"), values.text("to")];
	const from = instantOf(day, start, zone());
	const to = instantOf(end === "00:00" ? addDays(day, 1) : day, end, zone(), from.at);
	const [slotMinutes, bufferMinutes] = [values.number("slotMinutes"), values.number("bufferMinutes")];
	const length = (Date.parse(to.at) - Date.parse(from.at)) / 60_000;
	if (from.isSkipped) refuse([["fromTime", text.skipped]]);
	if (Date.parse(from.at) <= now()) refuse([["fromTime", text.isOver]]);
	if (length <= 0) refuse([["to", text.endsBefore]]);
	if (slotMinutes > length) refuse([["slotMinutes", text.slotTooLong]]);
	if (bufferMinutes > slotMinutes) refuse([["bufferMinutes", text.breakTooLong]]);
	const maxPatients = values.number("maxPatients");
	return { kind: "EXTRA", from: from.at, to: to.at, slotMinutes, bufferMinutes, maxPatients };
}

/** Hours of one day that the rules don't have. */
export function ExtraForm({ done }: { done: (made: ChangedException) => void }) {
	const today = currentDay();
	return (
		<>
			<p>{text.extraHint}</p>
			<Form
				action={text.saveExtra}
				own={ownOf()}
				submit={async (values, key) => {
					const body = extraOf(values);
					const { data } = await call(createAvailabilityException, {}, body, { idempotencyKey: key });
					done(data);
				}}
			>
				<Field
					name="from"
					label={text.day}
					type="date"
					required
					initial={firstDay()}
					min={today}
					max={addDays(today, 364)}
				/>
				<div class="row">
					<Field name="fromTime" label={text.startTime} type="time" required />
					<Field name="to" label={text.endTime} type="time" required />
				</div>
				<SlotFields />
			</Form>
		</>
	);
}
