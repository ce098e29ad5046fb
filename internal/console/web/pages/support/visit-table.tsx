import type { Consultation } from "../../api/operations";
import { Table } from "../../parts/table";
import { Time } from "../../parts/time";
import { Status, money } from "../../parts/value";
import { PatientLink, PersonLink } from "./shared";
import { text } from "./text";

/** What became of the money of a visit, in words. */
function paid(visit: Consultation): string {
	if (Number(visit.fee) === 0 && Number(visit.refundedAmount) === 0) return text.free;
	const fee = money(visit.fee, visit.currency);
	const state = `${fee}, ${text.paymentStates[visit.paymentStatus]}`;
	return Number(visit.refundedAmount) > 0
		? `${state}, ${text.givenBack(money(visit.refundedAmount, visit.currency))}`
		: state;
}

/** Visits as staff sees them. */
export function VisitTable({ visits }: { visits: Consultation[] }) {
	return (
		<Table
			caption={text.visits}
			columns={[text.when, text.patient, text.doctor, text.state, text.payment]}
			rows={visits.map((v) => ({
				id: v.id,
				cells: [
					<a href={"/all-visits/" + v.id}>
						<Time at={v.startTime} />
					</a>,
					<PatientLink visit={v} />,
					<PersonLink id={v.doctorId} name={v.doctorName} />,
					<Status status={v.status} />,
					paid(v),
				],
			}))}
		/>
	);
}
