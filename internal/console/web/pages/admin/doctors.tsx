import { Title } from "../../app";
import { readAnalyticsSummary, searchDoctors, type Doctor } from "../../api/operations";
import { Field, Form } from "../../parts/form";
import { List, useLoad } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { setQuery, useAddress } from "../../router";
import { t } from "../../text";
import { PersonName } from "../../parts/person";
import { text } from "./text";

/** Applications to decide on, and the doctors who are approved. */
export function Doctors() {
	const query = useAddress().searchParams;
	const isApproved = query.get("show") === "approved";
	const q = query.get("q") ?? "";
	const summary = useLoad(readAnalyticsSummary, {});
	const waiting = summary.data?.doctors.waiting;
	return (
		<>
			<Title text={text.doctors} />
			{waiting !== undefined && <p>{text.waiting(waiting)}</p>}
			<ul class="tabs">
				<li>
					<a href="/admin/doctors" aria-current={isApproved ? undefined : "page"}>
						{text.notApproved}
					</a>
				</li>
				<li>
					<a href="/admin/doctors?show=approved" aria-current={isApproved ? "page" : undefined}>
						{text.approved}
					</a>
				</li>
			</ul>
			{!isApproved && <p class="hint">{text.notApprovedHint}</p>}
			<Form
				key={String(isApproved)}
				action={t.search}
				submit={(values) => {
					setQuery({ q: values.text("q") });
					return Promise.resolve();
				}}
			>
				<Field name="q" type="search" label={text.findDoctor} maxLength={200} initial={q} />
			</Form>
			<List
				op={searchDoctors}
				params={{ isApproved, ...(q && { q }), limit: 50 }}
				empty={q ? text.noDoctorFound : isApproved ? text.noApproved : text.nobodyWaits}
			>
				{(doctors) => (
					<DoctorTable doctors={doctors} caption={isApproved ? text.approved : text.notApproved} />
				)}
			</List>
			<ZoneNote />
		</>
	);
}

function DoctorTable({ doctors, caption }: { doctors: Doctor[]; caption: string }) {
	return (
		<div class="scroll figures" role="region" aria-label={caption} tabIndex={0}>
			<table>
				<caption>{caption}</caption>
				<thead>
					<tr>
						<th scope="col">{text.name}</th>
						<th scope="col">{text.registrationNumber}</th>
						<th scope="col">{text.specialization}</th>
						<th scope="col">{text.appliedAt}</th>
						{doctors.some((d) => d.application) && <th scope="col">{text.standing}</th>}
					</tr>
				</thead>
				<tbody>
					{doctors.map((d) => (
						<tr key={d.id}>
							<th scope="row">
								<a href={"/admin/doctors/" + d.id}>
									<Name>{d.fullName}</Name>
								</a>
							</th>
							<td>
								{d.registrationNumber}
								{d.sameNumber && (
									<p class="fault">
										{text.sameNumber}{" "}
										{d.sameNumber.map((other, i) => (
											<span key={other.id}>
												{i > 0 && ", "}
												<PersonName name={other.fullName} />
											</span>
										))}
									</p>
								)}
							</td>
							<td>{d.specialization}</td>
							<td>
								<Time at={d.createdAt} show="date" />
							</td>
							{d.application && <td>{text.standings[d.application.state]}</td>}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
