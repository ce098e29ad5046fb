import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../../api/call";
import { joinWaitlist, listDependants, type Doctor, type PartOfDay } from "../../api/operations";
import { Field, Form, Select } from "../../parts/form";
import { useLoad } from "../../parts/load";
import { addDays, dayOf } from "../../parts/time";
import { useUser } from "../../session";
import { text } from "./text";

/** Joining the waitlist of a doctor: open at once when nothing is free. */
export function JoinWaitlist({ doctor }: { doctor: Doctor }) {
	const user = useUser();
	const [isIn, setIn] = useState(false);
	const done = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (isIn) done.current?.focus();
	}, [isIn]);
	if (user && user.role !== "PATIENT") return null;
	if (isIn) {
		return (
			<div class="note" ref={done} tabIndex={-1}>
				<p>{text.joined}</p>
				<p>
					<a href="/waitlist">{text.toWaitlist}</a>
				</p>
			</div>
		);
	}
	return (
		<details class="card" open={!doctor.nextFreeSlot}>
			<summary>{text.waitTitle}</summary>
			<p>{text.waitHint}</p>
			{user ? (
				<JoinForm doctor={doctor} done={() => setIn(true)} />
			) : (
				<p>
					<a class="button" href={`/sign-in?next=${encodeURIComponent("/doctors/" + doctor.id)}`}>
						{text.signInToWait}
					</a>
				</p>
			)}
		</details>
	);
}

function JoinForm({ doctor, done }: { doctor: Doctor; done: () => void }) {
	const dependants = useLoad(listDependants, { limit: 100 });
	const today = dayOf(new Date());
	const people = dependants.data?.items ?? [];
	return (
		<Form
			action={text.join}
			own={text.problems}
			submit={async (values, key) => {
				const dependantId = values.text("dependantId");
				const partOfDay = values.optional("partOfDay") as PartOfDay | undefined;
				await call(
					joinWaitlist,
					{},
					{
						doctorId: doctor.id,
						from: values.text("from"),
						to: values.text("to"),
						...(partOfDay && { partOfDay }),
						...(dependantId && dependantId !== "self" && { dependantId }),
					},
					{ idempotencyKey: key },
				);
				done();
			}}
			aside={<a href="/waitlist">{text.toWaitlist}</a>}
		>
			<div class="row">
				<Field name="from" label={text.waitFrom} type="date" required initial={today} min={today} />
				<Field
					name="to"
					label={text.waitTo}
					hint={text.waitLongest}
					type="date"
					required
					initial={addDays(today, 14)}
					min={today}
				/>
			</div>
			<Select name="partOfDay" label={text.partOfDay} hint={text.anyPart} options={Object.entries(text.parts)} />
			{people.length > 0 && (
				<Select
					name="dependantId"
					label={text.forWhom}
					required
					initial="self"
					options={[["self", text.self], ...people.map((p): [string, string] => [p.id, p.fullName])]}
				/>
			)}
		</Form>
	);
}
