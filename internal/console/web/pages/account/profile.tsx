import { call } from "../../api/call";
import {
	readOwnUser,
	updateOwnUser,
	type Gender,
	type Profile as Values,
	type ProfileUpdateRequest,
} from "../../api/operations";
import { Field, Form, Select, TextArea, type Values as Typed } from "../../parts/form";
import { LoadAgain } from "../../parts/load-again";
import { Show, useLoad, type Loaded } from "../../parts/load";
import { currentDay, ZoneNote } from "../../parts/time";
import { knownZone, zoneNames, zoneOptions } from "../../parts/zones";
import { setUser, useUser } from "../../session";
import { t } from "../../text";
import { changeLanguage, language, type Language } from "../../text/language";
import { CalendarFeed } from "./calendar-feed";
import { EmailChange } from "./email";
import { Frame } from "./frame";
import { text } from "./text";

/** What a user tells of themself. */
export function Profile() {
	const loaded = useLoad(readOwnUser, {});
	// The zone of the note changes with the user.
	useUser();
	return (
		<Frame title={text.tabs.profile}>
			<Show loaded={loaded}>
				{(profile) => (
					<div class="columns">
						<section aria-labelledby="about">
							<h2 id="about">{text.profile.about}</h2>
							<ProfileForm loaded={loaded} profile={profile} />
							<ZoneNote />
						</section>
						<div>
							<EmailChange email={profile.email} />
							<CalendarFeed />
						</div>
					</div>
				)}
			</Show>
		</Frame>
	);
}

/** Returns what was changed: the rest stays as it is on the server. */
function changes(before: Values, typed: Typed): ProfileUpdateRequest {
	const after = {
		fullName: typed.text("fullName"),
		phone: typed.nullable("phone"),
		gender: typed.nullable("gender") as Gender | null,
		dateOfBirth: typed.nullable("dateOfBirth"),
		address: typed.nullable("address"),
		language: typed.text("language"),
		timezone: typed.text("timezone"),
	};
	return Object.fromEntries(
		Object.entries(after).filter(([name, value]) => value !== before[name as keyof typeof after]),
	);
}

function ProfileForm({ loaded, profile }: { loaded: Loaded<Values>; profile: Values }) {
	const save = async (typed: Typed): Promise<void> => {
		const changed = changes(profile, typed);
		if (Object.keys(changed).length === 0) return;
		const answer = await call(updateOwnUser, {}, changed, { ifMatch: loaded.etag });
		loaded.set(answer);
		setUser(answer.data);
		if (changed.language && changed.language !== language) changeLanguage(changed.language as Language);
	};
	return (
		<Form
			action={t.save}
			done={t.saved}
			submit={save}
			own={{ "precondition-failed": text.profile.changedElsewhere }}
			onRefusal={(error, clear) => (
				<LoadAgain error={error} text={text.profile.loadAgain} reload={loaded.reload} clear={clear} />
			)}
		>
			<Field
				name="fullName"
				label={text.profile.fullName}
				hint={text.profile.fullNameHint}
				autocomplete="name"
				maxLength={200}
				required
				initial={profile.fullName}
			/>
			<Field
				name="phone"
				label={text.profile.phone}
				hint={text.profile.phoneHint}
				type="tel"
				autocomplete="tel"
				maxLength={40}
				initial={profile.phone ?? ""}
			/>
			<Select
				name="gender"
				label={text.profile.gender}
				options={Object.entries(t.genders)}
				initial={profile.gender ?? ""}
			/>
			<Field
				name="dateOfBirth"
				label={text.profile.dateOfBirth}
				type="date"
				autocomplete="bday"
				min="1900-01-01"
				max={currentDay()}
				initial={profile.dateOfBirth ?? ""}
			/>
			<TextArea
				name="address"
				label={text.profile.address}
				autocomplete="street-address"
				maxLength={500}
				rows={3}
				initial={profile.address ?? ""}
			/>
			<Select
				name="language"
				label={text.profile.language}
				hint={text.profile.languageHint}
				required
				initial={profile.language}
				options={[
					["en", "English"],
					["hi", "हिन्दी"],
				]}
			/>
			<Select
				name="timezone"
				label={text.profile.timezone}
				hint={text.profile.timezoneHint}
				required
				initial={knownZone(profile.timezone)}
				options={zoneOptions(zoneNames(profile.timezone))}
			/>
		</Form>
	);
}
