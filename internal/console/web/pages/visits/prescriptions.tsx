import { Title } from "../../app";
import { isAboutVisits } from "../../api/events";
import { listOwnPrescriptions, readConsultation, type Prescription } from "../../api/operations";
import { Joined } from "../../parts/joined";
import { List, useLoad } from "../../parts/load";
import { Time, ZoneNote, fullTime } from "../../parts/time";
import { Name } from "../../parts/value";
import { ForWhom } from "./shared";
import { text } from "./text";

export function Prescriptions() {
	return (
		<>
			<Title text={text.prescriptions} />
			<ZoneNote />
			<List
				op={listOwnPrescriptions}
				params={{ limit: 10 }}
				refreshOn={isAboutVisits}
				empty={text.noPrescriptions}
			>
				{(items) => (
					<ul class="list">
						{items.map((p) => (
							<Row key={p.id} prescription={p} />
						))}
					</ul>
				)}
			</List>
		</>
	);
}

function Row({ prescription: p }: { prescription: Prescription }) {
	const visit = useLoad(readConsultation, { id: p.consultationId }).data;
	return (
		<li class="card">
			<p>
				<strong>
					<Time at={p.createdAt} />
				</strong>{" "}
				<span class="chip">{p.supersededBy ? text.superseded : text.valid}</span>
			</p>
			{visit && (
				<p>
					<Name>{visit.doctorName ?? ""}</Name>
					<br />
					{text.forWhom}: <ForWhom visit={visit} />
				</p>
			)}
			<p>
				<Joined of={p.medications.map((m) => m.name)} by=", " />
			</p>
			<a href={"/prescriptions/" + p.id} aria-label={text.openPrescription(fullTime(p.createdAt))}>
				{text.open}
			</a>
		</li>
	);
}
