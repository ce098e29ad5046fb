// The application of a doctor, what patients see of them, and by which rules they are booked.

import { useEffect, useRef, useState } from "preact/hooks";
import { Title } from "../../app";
import { call, type Explanations } from "../../api/call";
import { applyAsDoctor, updateDoctor, type Doctor } from "../../api/operations";
import { Form } from "../../parts/form";
import { Loading, type Loaded } from "../../parts/load";
import { Refusal } from "../../parts/refusal";
import { Time, ZoneNote } from "../../parts/time";
import { BookingRulesForm } from "./booking-rules";
import { CancellationPolicy } from "./cancellation-policy";
import { LoadAgain } from "../../parts/load-again";
import { ProfileFields, valuesOf, withLanguageFaults } from "./profile-fields";
import { hasNotApplied, useOwnProfile } from "./standing";
import { text } from "./text";
import { useLeaveGuard, useTyped } from "./unsaved";

export function Application() {
	const profile = useOwnProfile();
	const hasApplied = useRef(false);
	useLeaveGuard();
	return (
		<>
			<Title text={text.application.title} />
			{profile.data ? (
				<>
					{profile.error !== undefined && <Refusal error={profile.error} retry={profile.reload} />}
					<Applied profile={profile} doctor={profile.data} isNew={hasApplied.current} />
				</>
			) : hasNotApplied(profile) ? (
				<>
					<p>{text.application.lead}</p>
					<Apply profile={profile} done={() => void (hasApplied.current = true)} />
				</>
			) : profile.error !== undefined ? (
				<Refusal error={profile.error} retry={profile.reload} />
			) : (
				<Loading />
			)}
		</>
	);
}

const own = (): Explanations => ({
	"already-applied": text.application.alreadyApplied,
	"registration-number-taken": text.application.numberTaken,
	"registration-number-approved": text.application.numberFixed,
	"precondition-failed": text.application.changed,
});

/** The application; anew with what the one before said. */
function Apply({ profile, doctor, done }: { profile: Loaded<Doctor>; doctor?: Doctor; done: () => void }) {
	const { onInput, saved } = useTyped("application");
	return (
		<div onInput={onInput}>
			<Form
				action={doctor ? text.application.applyAgain : text.application.apply}
				done={text.application.applied}
				own={own()}
				submit={async (values, key) => {
					const { bio, clinicName, ...rest } = valuesOf(values);
					const body = { ...rest, ...(bio && { bio }), ...(clinicName && { clinicName }) };
					const answer = await withLanguageFaults(call(applyAsDoctor, {}, body, { idempotencyKey: key }));
					saved();
					done();
					profile.set(answer);
				}}
			>
				<ProfileFields doctor={doctor} />
			</Form>
		</div>
	);
}

interface AppliedProps {
	profile: Loaded<Doctor>;
	doctor: Doctor;
	/** The application was sent just now. */
	isNew: boolean;
}

function Applied({ profile, doctor, isNew }: AppliedProps) {
	const state = useRef<HTMLDivElement>(null);
	const standing = doctor.application?.state ?? (doctor.isApproved ? "APPROVED" : "WAITING");
	const isApproved = standing === "APPROVED";
	const [round, setRound] = useState(0);
	useEffect(() => {
		// After an application the form gives way to its state.
		if (isNew || round > 0) state.current?.focus();
	}, [round]);
	return (
		<>
			<div ref={state} tabIndex={-1} class={isApproved || standing === "WAITING" ? "note" : "warning"}>
				<h2>{text.application.states[standing]}</h2>
				{doctor.application?.reason && (
					<>
						<p>{text.application.reason}</p>
						<blockquote class="text">{doctor.application.reason}</blockquote>
					</>
				)}
				<p>{text.application.next[standing]}</p>
				<p class="small">
					{text.application.appliedAt} <Time at={doctor.createdAt} />
					{doctor.application?.decidedAt && (
						<>
							<br />
							{text.application.decidedAt} <Time at={doctor.application.decidedAt} />
						</>
					)}
				</p>
				{isApproved && (
					<p>
						<a href={"/doctors/" + doctor.id}>{text.application.asPatients}</a> ·{" "}
						<a href="/hours">{text.application.toHours}</a>
					</p>
				)}
			</div>
			<ZoneNote />
			{standing === "DECLINED" ? (
				<section aria-labelledby="again">
					<h2 id="again">{text.application.again}</h2>
					<Apply profile={profile} doctor={doctor} done={() => setRound(round + 1)} />
				</section>
			) : (
				<>
					<ChangeProfile profile={profile} doctor={doctor} />
					<CancellationPolicy profile={profile} doctor={doctor} />
				</>
			)}
			{isApproved && <BookingRulesForm />}
		</>
	);
}

function ChangeProfile({ profile, doctor }: { profile: Loaded<Doctor>; doctor: Doctor }) {
	const { onInput, saved } = useTyped("profile");
	return (
		<section aria-labelledby="profile" onInput={onInput}>
			<h2 id="profile">{text.application.profile}</h2>
			<p class="hint">{text.application.profileHint}</p>
			<Form
				action={text.application.saveProfile}
				done={text.application.profileSaved}
				own={own()}
				onRefusal={(error, clear) => (
					<LoadAgain
						error={error}
						text={text.application.loadAgain}
						done={text.application.loadedAgain}
						reload={profile.reload}
						clear={clear}
					/>
				)}
				submit={async (values) => {
					const { registrationNumber, ...rest } = valuesOf(values);
					const body = doctor.isApproved ? rest : { ...rest, registrationNumber };
					const change = call(updateDoctor, { id: doctor.id }, body, { ifMatch: profile.etag });
					const answer = await withLanguageFaults(change);
					saved();
					profile.set(answer);
				}}
			>
				<ProfileFields doctor={doctor} />
			</Form>
		</section>
	);
}
