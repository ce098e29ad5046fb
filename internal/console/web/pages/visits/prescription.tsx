import { Title } from "../../app";
import {
	readConsultation,
	readDoctor,
	readPrescription,
	type Medication,
	type Prescription as Data,
} from "../../api/operations";
import { Show, useLoad } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { currentUser } from "../../session";
import { t } from "../../text";
import type { PageProps } from "..";
import { text } from "./text";

/** A prescription, to read and to print. */
export function Prescription({ params }: PageProps) {
	const loaded = useLoad(readPrescription, { id: params["id"] ?? "" });
	return (
		<>
			<Title text={text.prescription} />
			<Show loaded={loaded}>{(data) => <Sheet prescription={data} />}</Show>
		</>
	);
}

function Sheet({ prescription: p }: { prescription: Data }) {
	const visit = useLoad(readConsultation, { id: p.consultationId }).data;
	const doctor = useLoad(readDoctor, { id: p.doctorId }).data;
	const isDoctor = currentUser()?.role === "DOCTOR";
	return (
		<>
			{p.supersededBy && (
				<p class="warning">
					{text.supersededHint} <a href={"/prescriptions/" + p.supersededBy}>{text.toNewer}</a>
				</p>
			)}
			<dl>
				<dt>{text.forWhom}</dt>
				<dd>
					<Name>{visit?.patientName ?? "…"}</Name>
				</dd>
				<dt>{text.writtenBy}</dt>
				<dd>
					<Name>{visit?.doctorName ?? doctor?.fullName ?? "…"}</Name>
					{doctor && `, ${doctor.specialization}`}
					{doctor?.clinicName && `, ${doctor.clinicName}`}
				</dd>
				{doctor && (
					<>
						<dt>{text.registration}</dt>
						<dd>{doctor.registrationNumber}</dd>
					</>
				)}
				<dt>{text.written}</dt>
				<dd>
					<Time at={p.createdAt} />
				</dd>
			</dl>
			<Medicines medications={p.medications} />
			{p.advice && (
				<>
					<h2>{text.advice}</h2>
					<p class="text">{p.advice}</p>
				</>
			)}
			{p.supersedes && (
				<p>
					{text.supersedes}{" "}
					<a class="no-print" href={"/prescriptions/" + p.supersedes}>
						{text.toOlder}
					</a>
				</p>
			)}
			<ZoneNote />
			<div class="actions">
				<button type="button" class="primary" onClick={() => print()}>
					{t.print}
				</button>
				<a class="button" href={(isDoctor ? "/consultations/" : "/visits/") + p.consultationId}>
					{text.toVisit}
				</a>
			</div>
		</>
	);
}

function Medicines({ medications }: { medications: Medication[] }) {
	return (
		<div class="scroll" tabIndex={0} role="group" aria-label={text.medicines}>
			<table>
				<caption>{text.medicines}</caption>
				<thead>
					<tr>
						<th scope="col">{text.medicine}</th>
						<th scope="col">{text.dosage}</th>
						<th scope="col">{text.frequency}</th>
						<th scope="col" class="number">
							{text.duration}
						</th>
						<th scope="col">{text.route}</th>
						<th scope="col">{text.instructions}</th>
					</tr>
				</thead>
				<tbody>
					{medications.map((m, i) => (
						<tr key={i}>
							<th scope="row">{m.name}</th>
							<td>{m.dosage}</td>
							<td>{m.frequency}</td>
							<td class="number">{m.durationDays ?? "–"}</td>
							<td>{m.route || "–"}</td>
							<td class="text">{m.instructions || "–"}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
