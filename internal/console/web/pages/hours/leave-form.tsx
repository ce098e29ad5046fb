// A leave: whole days or hours. Over booked visits it is confirmed a second time.

import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { call, isProblem, type Explanations } from "../../api/call";
import { now } from "../../api/clock";
import {
	createAvailabilityException,
	listDoctorConsultations,
	type ChangedException,
	type Consultation,
	type CreateExceptionRequest,
} from "../../api/operations";
import { Dialog } from "../../parts/dialog";
import { ActionButton, Checkbox, Field, Form, type Values } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { addDays, currentDay, fullTime, isDay, zone } from "../../parts/time";
import { Name } from "../../parts/value";
import { t } from "../../text";
import { beginOf, instantOf } from "../../parts/wall";
import { refuse } from "./fault";
import { text } from "./text";

/** The longest that a visit lasts. */
const longest = 8 * 3_600_000;

/** Returns the refusals of leaves and extra hours, in words. */
export function ownOf(): Explanations {
	return {
		"exception-overlap": text.exceptionOverlap,
		"too-many-exceptions": text.tooManyExceptions,
		"doctor-not-approved": text.notApproved,
	};
}

/** Reads a leave, and refuses one that the server would. */
function leaveOf(values: Values): CreateExceptionRequest {
	const [first, last] = [values.text("from"), values.text("to")];
	const isPartly = values.checked("partly");
	const from = isPartly ? instantOf(first, values.text("fromTime"), zone()).at : beginOf(first, zone());
	const to = isPartly ? instantOf(last, values.text("toTime"), zone(), from).at : beginOf(addDays(last, 1), zone());
	const end = isPartly ? "toTime" : "to";
	if (last < first) refuse([["to", text.lastBeforeFirst]]);
	if (to <= from) refuse([[end, text.endsBefore]]);
	if (Date.parse(to) <= now()) refuse([[end, text.isOver]]);
	return { kind: "LEAVE", from, to };
}

/** The day that the address names, as the calendar links to it, or today. */
export function firstDay(): string {
	const today = currentDay();
	const asked = new URLSearchParams(location.search).get("day") ?? "";
	return isDay(asked) && asked > today && asked <= addDays(today, 364) ? asked : today;
}

export function LeaveForm({ done }: { done: (made: ChangedException) => void }) {
	const [isPartly, setPartly] = useState(false);
	const [affecting, setAffecting] = useState<CreateExceptionRequest | null>(null);
	const send = async (body: CreateExceptionRequest, key: string): Promise<void> => {
		const { data } = await call(createAvailabilityException, {}, body, { idempotencyKey: key });
		setAffecting(null);
		done(data);
	};
	const submit = async (values: Values, key: string): Promise<void> => {
		const leave = leaveOf(values);
		try {
			await send(leave, key);
		} catch (error) {
			if (!isProblem(error, "has-consultations")) throw error;
			setAffecting(leave);
		}
	};
	const today = currentDay();
	return (
		<>
			<p>{text.awayHint}</p>
			<Form action={text.saveLeave} submit={submit} own={{ ...ownOf(), "doctor-not-approved": text.applyFirst }}>
				<div class="row">
					<Field
						name="from"
						label={text.firstDay}
						type="date"
						required
						initial={firstDay()}
						min={today}
						max={addDays(today, 364)}
					/>
					<Field
						name="to"
						label={text.lastDay}
						type="date"
						required
						initial={firstDay()}
						min={today}
						max={addDays(today, 730)}
					/>
				</div>
				<Checkbox name="partly" label={text.partly} hint={text.partlyHint} onChange={setPartly} />
				{isPartly && (
					<div class="row">
						<Field name="fromTime" label={text.fromTime} type="time" required />
						<Field name="toTime" label={text.toTime} type="time" required />
					</div>
				)}
			</Form>
			{affecting && (
				<Dialog title={text.affects} close={() => setAffecting(null)}>
					<Affected leave={affecting}>
						<ActionButton
							class="danger"
							text={text.confirmLeave}
							own={ownOf()}
							run={(key) => send({ ...affecting, confirm: true }, key)}
						/>
						<button type="button" onClick={() => setAffecting(null)}>
							{text.noLeaveThen}
						</button>
					</Affected>
				</Dialog>
			)}
		</>
	);
}

/** The visits during a leave, what becomes of them, and the buttons. */
function Affected({ leave, children }: { leave: CreateExceptionRequest; children: ComponentChildren }) {
	const visits = useLoad(listDoctorConsultations, {
		from: new Date(Date.parse(leave.from) - longest).toISOString(),
		to: leave.to,
		status: ["REQUESTED", "CONFIRMED", "IN_PROGRESS"],
		sort: "earliest",
		limit: 100,
	});
	const isDuring = (visit: Consultation): boolean =>
		Date.parse(visit.startTime) > now() && Date.parse(visit.endTime) > Date.parse(leave.from);
	return (
		<Show loaded={visits}>
			{({ items, nextCursor }) => {
				const during = items.filter(isDuring);
				return (
					<>
						<p>{text.affectsHint(during.length, !!nextCursor)}</p>
						<ul>
							{during.map((visit) => (
								<li key={visit.id}>
									<a href={"/consultations/" + visit.id} target="_blank" rel="noreferrer">
										{fullTime(visit.startTime)}
										<span class="hidden"> {text.newTab}</span>
									</a>
									{visit.patientName && (
										<>
											, <Name>{visit.patientName}</Name>
										</>
									)}
									{" · " + t.status[visit.status]}
								</li>
							))}
						</ul>
						<p>{text.affectsNext}</p>
						<div class="actions">{children}</div>
					</>
				);
			}}
		</Show>
	);
}
