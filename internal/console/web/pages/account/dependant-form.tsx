import { call } from "../../api/call";
import {
	createDependant,
	updateDependant,
	type CreateDependantRequest,
	type Dependant,
	type Gender,
} from "../../api/operations";
import { Field, Form, Select, type Values } from "../../parts/form";
import { currentDay } from "../../parts/time";
import { t } from "../../text";
import { text } from "./text";

type Chosen = CreateDependantRequest["relation"];

/** Names somebody for whom the user books, or changes what is known of them. */
export function DependantForm({ dependant, done }: { dependant?: Dependant; done: () => void }) {
	const own = text.dependants;
	const save = async (values: Values, key: string): Promise<void> => {
		const gender = values.nullable("gender") as Gender | null;
		const body = {
			fullName: values.text("fullName"),
			dateOfBirth: values.text("dateOfBirth"),
			relation: values.text("relation") as Chosen,
		};
		if (dependant) await call(updateDependant, { id: dependant.id }, { ...body, gender });
		else await call(createDependant, {}, { ...body, ...(gender && { gender }) }, { idempotencyKey: key });
		done();
	};
	const { SELF: _, ...relations } = text.relations;
	return (
		<Form action={dependant ? t.save : own.add} submit={save} own={{ "too-many-dependants": own.tooMany }}>
			<Field
				name="fullName"
				label={text.profile.fullName}
				hint={own.nameHint}
				autocomplete="off"
				maxLength={200}
				required
				initial={dependant?.fullName}
			/>
			<Select
				name="relation"
				label={own.relationTo}
				required
				initial={dependant?.relation}
				options={Object.entries(relations)}
			/>
			<Field
				name="dateOfBirth"
				label={own.born}
				type="date"
				min="1900-01-01"
				max={currentDay()}
				required
				initial={dependant?.dateOfBirth ?? ""}
			/>
			<Select
				name="gender"
				label={own.gender}
				options={Object.entries(t.genders)}
				initial={dependant?.gender ?? ""}
			/>
		</Form>
	);
}
