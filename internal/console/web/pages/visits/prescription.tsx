import { Title } from "../../app";
import {
	readConsultation,
	readDoctor,
	readPrescription,
	type Medication,
	type Prescription as Data,
} from "../../api/operations";
import { Joined } from "../../parts/joined";
import { Show, useLoad, type Gone } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { currentUser } from "../../session";
import { t } from "../../text";
import type { PageProps } from "..";
import { DoctorOfSheet } from "./shared";
import { text } from "./text";

/** A prescription, to read and to print. */
export function Prescription({ params }: PageProps) {
	const loaded = useLoad(readPrescription, { id: params["id"] ?? "" });
	return (
		<>
			<p class="print-only">{t.product}</p>
			<Title text={text.prescription} />
			<Show loaded={loaded} gone={noPrescription()}>
				{(data) => <Sheet prescription={data} />}
			</Show>
		</>
	);
}

/** What is said when a prescription isn't there, to its patient or its doctor. */
function noPrescription(): Gone {
	const own =
		currentUser()?.role === "DOCTOR"
			? { href: "/today", link: t.nav.today }
			: { href: "/prescriptions", link: t.nav.prescriptions };
	return { text: text.noSuchPrescription, ...own };
}

function Sheet({ prescription: p }: { prescription: Data }) {
	const visit = useLoad(readConsultation, { id: p.consultationId }).data;
	const doctor = useLoad(readDoctor, { id: p.doctorId }).data;
	const isDoctor = currentUser()?.role === "DOCTOR";
	return (
		<>
			{p.supersededBy && (
				<p class="warning">
					{text.supersededHint}{" "}
					<a class="no-print" href={"/prescriptions/" + p.supersededBy}>
						{text.toNewer}
					</a>
				</p>
			)}
			<div class="sheet">
				<div>
					<dl>
						<dt>{text.forWhom}</dt>
						<dd>
							<Name>{visit?.patientName ?? "…"}</Name>
						</dd>
						<dt>{text.writtenBy}</dt>
						<DoctorOfSheet name={visit?.doctorName ?? doctor?.fullName ?? "…"} doctor={doctor} />
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
				</div>
				<div class="print-only page-foot">
					<Joined of={[visit?.patientName, visit?.doctorName ?? doctor?.fullName]} by=" · " />
					{doctor && (
						<>
							, {text.registration} <Name>{doctor.registrationNumber}</Name>
						</>
					)}
					{" · "}
					<Time at={p.createdAt} show="date" />
				</div>
			</div>
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
		<div class="scroll figures" tabIndex={0} role="group" aria-label={text.medicines}>
			{/* Narrow screens show a row as a block, which only named roles keep a row of a table. */}
			<table class="stack" role="table">
				<caption>{text.medicines}</caption>
				<thead role="rowgroup">
					<tr role="row">
						<th scope="col" role="columnheader">
							{text.medicine}
						</th>
						<th scope="col" role="columnheader">
							{text.dosage}
						</th>
						<th scope="col" role="columnheader">
							{text.frequency}
						</th>
						<th scope="col" role="columnheader" class="number">
							{text.duration}
						</th>
						<th scope="col" role="columnheader">
							{text.route}
						</th>
						<th scope="col" role="columnheader">
							{text.instructions}
						</th>
					</tr>
				</thead>
				<tbody role="rowgroup">
					{medications.map((m, i) => (
						<tr key={i} role="row">
							<th scope="row" role="rowheader">
								{m.name}
							</th>
							<td role="cell" data-label={text.dosage}>
								{m.dosage}
							</td>
							<td role="cell" data-label={text.frequency}>
								{m.frequency}
							</td>
							<td role="cell" data-label={text.duration} class="number">
								{m.durationDays ?? "–"}
							</td>
							<td role="cell" data-label={text.route}>
								{m.route || "–"}
							</td>
							<td role="cell" data-label={text.instructions} class="text">
								{m.instructions || "–"}
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
