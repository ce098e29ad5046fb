import { useState } from "preact/hooks";
import { Title } from "../../app";
import { Problem, call, isProblem, type Explanations } from "../../api/call";
import { approveDoctor, readDoctor, type Doctor } from "../../api/operations";
import { focusTitle } from "../../parts/focus";
import { announce } from "../../parts/announce";
import { Checkbox, Form, TextArea } from "../../parts/form";
import { LoadAgain } from "../../parts/load-again";
import { Show, useLoad, type Loaded } from "../../parts/load";
import { Time, ZoneNote } from "../../parts/time";
import { money } from "../../parts/value";
import type { PageProps } from "../index";
import { languageName } from "../../parts/intl";
import { PersonLink } from "../../parts/person";
import { text } from "./text";

/** The application of a doctor with the decision about it, or the approval that can be withdrawn. */
export function Application({ params }: PageProps) {
	const loaded = useLoad(readDoctor, { id: params["id"] ?? "" });
	return (
		<>
			<p>
				<a href={"/admin/doctors" + (loaded.data?.isApproved ? "?show=approved" : "")}>{text.allDoctors}</a>
			</p>
			{!loaded.data && <Title text={text.application} />}
			<Show loaded={loaded} gone={{ text: text.noSuchDoctor, href: "/admin/doctors", link: text.doctors }}>
				{(d) => (
					<>
						<Title text={d.fullName} />
						<p>
							<strong>{d.isApproved ? text.isApproved : text.isNotApproved}</strong>
						</p>
						<Decided doctor={d} />
						<Facts doctor={d} />
						<SameNumber doctor={d} />
						{d.isApproved ? (
							<Withdraw loaded={loaded} doctor={d} />
						) : (
							<Decide loaded={loaded} doctor={d} />
						)}
						<ZoneNote />
					</>
				)}
			</Show>
		</>
	);
}

/** What was decided before, and why. */
function Decided({ doctor }: { doctor: Doctor }) {
	const decision = doctor.application;
	if (!decision?.decidedAt) return null;
	return (
		<div class="note">
			<p>
				{text.standings[decision.state]}, <Time at={decision.decidedAt} />
			</p>
			{decision.reason && <p class="text">{decision.reason}</p>}
		</div>
	);
}

function Facts({ doctor: d }: { doctor: Doctor }) {
	return (
		<dl>
			<dt>{text.registrationNumber}</dt>
			<dd>{d.registrationNumber}</dd>
			<dt>{text.specialization}</dt>
			<dd>{d.specialization}</dd>
			<dt>{text.experience}</dt>
			<dd>{text.years(d.yearsOfExperience)}</dd>
			<dt>{text.clinic}</dt>
			<dd>{d.clinicName ?? "–"}</dd>
			<dt>{text.fee}</dt>
			<dd>{money(d.consultationFee, d.currency)}</dd>
			<dt>{text.languages}</dt>
			<dd>{d.languagesSpoken.map(languageName).join(", ") || "–"}</dd>
			<dt>{text.bio}</dt>
			<dd class="text">{d.bio ?? "–"}</dd>
			<dt>{text.appliedAt}</dt>
			<dd>
				<Time at={d.createdAt} />
			</dd>
			<dt>{text.changedAt}</dt>
			<dd>
				<Time at={d.updatedAt} />
			</dd>
			<dt>{text.account}</dt>
			<dd>
				<a href={"/people/" + d.userId}>{text.accountLink}</a>
				{" · "}
				<a href={`/admin/audit?entityType=doctor&entityId=${d.id}`}>{text.history}</a>
			</dd>
		</dl>
	);
}

/** Names the others who gave the same number, with what became of their applications. */
function SameNumber({ doctor }: { doctor: Doctor }) {
	if (!doctor.sameNumber) return <p class="hint">{text.numberHint}</p>;
	return (
		<div class="warning">
			<p>{text.sameNumber}</p>
			<ul>
				{doctor.sameNumber.map((other) => (
					<li key={other.id}>
						<PersonLink id={other.id} name={other.fullName} page="/admin/doctors/" />,{" "}
						{other.registrationNumber}: {text.standings[other.state]}
						{other.decidedAt && (
							<>
								, <Time at={other.decidedAt} show="date" />
							</>
						)}
					</li>
				))}
			</ul>
		</div>
	);
}

interface DecisionProps {
	loaded: Loaded<Doctor>;
	doctor: Doctor;
}

function own(): Explanations {
	return {
		"registration-number-taken": text.numberTaken,
		"precondition-failed": text.applicationChanged,
		"not-found": text.noSuchDoctor,
	};
}

/** Throws Problem if a reason is only spaces. */
function checkReason(reason: string): void {
	const errors = [{ location: "reason", message: text.reasonNeeded }];
	if (!reason) throw new Problem("validation-failed", 422, "", errors);
}

/** Approval and refusal: two forms, so that a refusal always has its reason. */
function Decide({ loaded, doctor }: DecisionProps) {
	const decide = async (approved: boolean, reason: string): Promise<void> => {
		if (!approved) checkReason(reason);
		const body = { approved, ...(reason && { reason }) };
		const answer = await call(approveDoctor, { id: doctor.id }, body, { ifMatch: loaded.etag });
		loaded.set(answer);
		announce(approved ? text.approvedDone(doctor.fullName) : text.declinedDone(doctor.fullName));
		focusTitle();
	};
	const reload = (error: unknown, clear: () => void) => (
		<LoadAgain error={error} text={text.loadAgain} reload={loaded.reload} clear={clear} />
	);
	return (
		<div class="columns">
			<section class="card" aria-labelledby="approve">
				<h2 id="approve">{text.approve}</h2>
				<p>{text.approveHint}</p>
				<Form action={text.approve} own={own()} onRefusal={reload} submit={() => decide(true, "")}>
					{null}
				</Form>
			</section>
			<section class="card" aria-labelledby="decline">
				<h2 id="decline">{text.decline}</h2>
				<p>{text.declineHint}</p>
				<Form
					danger
					action={text.decline}
					own={own()}
					onRefusal={reload}
					submit={(values) => decide(false, values.text("reason"))}
				>
					<TextArea name="reason" label={text.reason} hint={text.reasonMailed} maxLength={2000} required />
				</Form>
			</section>
		</div>
	);
}

/** Ends an approval. When visits would end with it, the server says how many, and a second confirmation is asked for. */
function Withdraw({ loaded, doctor }: DecisionProps) {
	const [ending, setEnding] = useState(0);
	return (
		<section class="card" aria-labelledby="withdraw">
			<h2 id="withdraw">{text.withdraw}</h2>
			<p>{text.withdrawHint}</p>
			<Form
				danger
				action={ending ? text.withdrawAndCancel(ending) : text.withdraw}
				own={{ ...own(), "has-consultations": text.visitsWouldEnd(ending) }}
				submit={async (values) => {
					checkReason(values.text("reason"));
					const confirmed = values.checked("cancelConsultations");
					const body = {
						approved: false,
						reason: values.text("reason"),
						...(confirmed && { cancelConsultations: true }),
					};
					try {
						const answer = await call(approveDoctor, { id: doctor.id }, body, { ifMatch: loaded.etag });
						loaded.set(answer);
					} catch (error) {
						if (isProblem(error, "has-consultations")) setEnding(error.count);
						throw error;
					}
					announce(text.withdrawnDone(doctor.fullName));
					focusTitle();
				}}
				onRefusal={(error, clear) => (
					<LoadAgain error={error} text={text.loadAgain} reload={loaded.reload} clear={clear} />
				)}
			>
				<TextArea name="reason" label={text.reason} hint={text.reasonMailed} maxLength={2000} required />
				{ending > 0 && (
					<Checkbox
						name="cancelConsultations"
						label={text.confirmEnd(ending)}
						hint={text.confirmEndHint}
						required
					/>
				)}
			</Form>
		</section>
	);
}
