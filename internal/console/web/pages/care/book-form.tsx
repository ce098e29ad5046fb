import { call, isProblem } from "../../api/call";
import {
	bookConsultation,
	type Consultation,
	type Dependant,
	type DependantPage,
	type Doctor,
	type FreeSlot,
	type NoticeList,
} from "../../api/operations";
import { announce } from "../../parts/announce";
import { Form, Select } from "../../parts/form";
import { Show, type Loaded } from "../../parts/load";
import { navigate } from "../../router";
import { isFree } from "./doctor-facts";
import { clearDraft, readDraft, saveDraft } from "./draft";
import { OtherTimes } from "./other-times";
import { giveConsents, isAboutConsent, missingOf, ReasonFields } from "./reason-fields";
import { text } from "./text";

/** Refusals after which only another time helps. */
const goneSlugs = ["slot-taken", "slot-not-bookable", "slot-moved", "not-found", "seat-overlap"] as const;

interface BookFormProps {
	doctor: Doctor;
	slot: FreeSlot;
	dependants: Loaded<DependantPage>;
	consents: Loaded<NoticeList>;
	/** For whom the visit is; "" for the patient. */
	dependantId: string;
	choose: (dependantId: string) => void;
	/** Called when the seat is held and waits for its payment. */
	booked: (visit: Consultation) => void;
	/** Called when the time can't be booked: the patient may hold it already, in another tab. */
	refused: () => void;
}

/** For whom, why, and the consents: what holds the seat. */
export function BookForm({
	doctor,
	slot,
	dependants,
	consents,
	dependantId: forWhom,
	choose,
	booked,
	refused,
}: BookFormProps) {
	const isFreeOfCharge = isFree(doctor.consultationFee);
	return (
		<Show loaded={dependants}>
			{({ items }) => (
				<Show loaded={consents}>
					{(notices) => (
						<Form
							action={isFreeOfCharge ? text.bookFree : text.hold}
							own={text.problems}
							submit={async (values, key) => {
								const dependantId = people(items).get(values.text("dependantId"))?.id;
								try {
									await giveConsents(missingOf(notices), key);
									const { data } = await call(
										bookConsultation,
										{},
										{
											slotId: slot.id,
											doctorId: doctor.id,
											startTime: slot.startTime,
											reason: values.text("reason"),
											dependantId,
										},
										{ idempotencyKey: key },
									);
									if (data.status === "REQUESTED") return booked(data);
									clearDraft();
									announce(text.booked);
									navigate("/visits/" + data.id, { replace: true });
								} catch (error) {
									if (isAboutConsent(error)) consents.reload();
									if (isProblem(error, ...goneSlugs)) refused();
									throw error;
								}
							}}
							onRefusal={(error) => <After error={error} doctor={doctor} dependantId={forWhom} />}
						>
							<ForWhom
								dependants={items}
								choose={(id) => {
									choose(id);
									saveDraft({ dependantId: id });
								}}
							/>
							<ReasonFields missing={missingOf(notices)} />
							{!isFreeOfCharge && <p class="hint">{text.holdHint}</p>}
						</Form>
					)}
				</Show>
			)}
		</Show>
	);
}

function people(dependants: Dependant[]): Map<string, Dependant> {
	return new Map(dependants.map((d) => [d.id, d]));
}

function ForWhom({ dependants, choose }: { dependants: Dependant[]; choose: (id: string) => void }) {
	if (dependants.length === 0) {
		return (
			<p class="hint">
				<a href="/account/dependants">{text.addDependant}</a>
			</p>
		);
	}
	const chosen = readDraft().dependantId;
	return (
		<Select
			name="dependantId"
			label={text.forWhom}
			required
			initial={people(dependants).has(chosen) ? chosen : "self"}
			options={[["self", text.self], ...dependants.map((d): [string, string] => [d.id, d.fullName])]}
			onChange={(value) => choose(value === "self" ? "" : value)}
		/>
	);
}

/** What can be done after a refusal. */
function After({ error, doctor, dependantId }: { error: unknown; doctor: Doctor; dependantId: string }) {
	if (isProblem(error, ...goneSlugs))
		return <OtherTimes doctorId={doctor.id} doctorName={doctor.fullName} dependantId={dependantId} />;
	if (isProblem(error, "too-many-unpaid", "too-many-bookings")) return <a href="/visits">{text.toVisits}</a>;
	if (isProblem(error, "too-many-with-doctor", "too-many-abandoned"))
		return <a href="/doctors">{text.backToSearch}</a>;
	return null;
}
