import { call } from "../../api/call";
import { joinWaitlist, listDependants, type Doctor, type PartOfDay } from "../../api/operations";
import { Field, Form, Select } from "../../parts/form";
import { useLoad } from "../../parts/load";
import { addDays, currentDay } from "../../parts/time";
import { checkDays } from "../care/days";
import { text } from "../care/text";
import { wait } from "./text";

/** Asks in which days and at which time of the day a place is wanted, and for whom. */
export function JoinForm({ doctor, done }: { doctor: Doctor; done: () => void }) {
	const dependants = useLoad(listDependants, { limit: 100 });
	const today = currentDay();
	const people = dependants.data?.items ?? [];
	return (
		<Form
			action={wait.join}
			own={{ ...text.problems, ...wait.problems }}
			submit={async (values, key) => {
				checkDays(values);
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
				<Field name="from" label={wait.waitFrom} type="date" required initial={today} min={today} />
				<Field
					name="to"
					label={wait.waitTo}
					hint={wait.waitLongest}
					type="date"
					required
					initial={addDays(today, 14)}
					min={today}
				/>
			</div>
			<Select name="partOfDay" label={wait.partOfDay} hint={wait.anyPart} options={Object.entries(wait.parts)} />
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
