import type { DoctorFacet, DoctorFacets } from "../../api/operations";
import { Field, Form, Select } from "../../parts/form";
import { currentDay } from "../../parts/time";
import { setQuery } from "../../router";
import { t } from "../../text";
import { languageName } from "../../parts/intl";
import { checkDays } from "./days";
import { filtersOf, ratings, years, type Search } from "./search";
import { text } from "./text";

type Options = Array<[value: string, text: string]>;

/** Returns the values in use with their counts, and the chosen one, which a link may name although nobody has it. */
function optionsOf(facets: DoctorFacet[] | undefined, chosen: string, name: (value: string) => string): Options {
	const known: Options = (facets ?? []).map((f) => [f.value, text.counted(name(f.value), f.count)]);
	if (chosen && !known.some(([value]) => value === chosen)) known.push([chosen, name(chosen)]);
	return known;
}

interface FindFormProps {
	search: Search;
	facets: DoctorFacets | undefined;
}

/** The words and filters of the search. What it sends is the query of the address. */
export function FindForm({ search, facets }: FindFormProps) {
	const inDetails = filtersOf(search, facets).filter(([name]) => name !== "q" && name !== "specialization");
	return (
		<Form
			action={t.search}
			submit={async (values) => {
				checkDays(values);
				const sort = values.text("sort");
				setQuery({
					q: values.text("q"),
					specialization: values.text("specialization"),
					language: values.text("language"),
					maxFee: values.text("maxFee"),
					currency: values.text("currency"),
					minRating: values.text("minRating"),
					minExperience: values.text("minExperience"),
					from: values.text("from"),
					to: values.text("to"),
					sort: sort === "earliest" ? "" : sort,
				});
			}}
		>
			<Field name="q" label={text.words} type="search" initial={search.q} maxLength={200} />
			<Select
				name="specialization"
				label={text.specialization}
				initial={search.specialization}
				options={optionsOf(facets?.specializations, search.specialization, (v) => v)}
			/>
			<details
				open={matchMedia("(min-width: 52rem)").matches}
				// A field that is wrong can only be shown when it is open.
				onInvalidCapture={(event) => (event.currentTarget.open = true)}
			>
				<summary>{text.filters(inDetails.length)}</summary>
				<MoreFilters search={search} facets={facets} />
			</details>
		</Form>
	);
}

function MoreFilters({ search, facets }: FindFormProps) {
	const currencies = facets?.currencies ?? [];
	const today = currentDay();
	// An old link may name days that are over.
	const from = search.from && search.from < today ? {} : { min: today };
	const to = search.to && search.to < today ? {} : { min: today };
	return (
		<>
			<div class="row">
				<Field name="from" label={text.freeFrom} type="date" initial={search.from} {...from} />
				<Field name="to" label={text.freeTo} type="date" initial={search.to} {...to} />
			</div>
			<Select
				name="language"
				label={text.language}
				initial={search.language}
				options={optionsOf(facets?.languages, search.language, languageName)}
			/>
			<Field
				name="maxFee"
				label={currencies.length === 1 ? text.maxFee(currencies[0]?.value ?? "") : text.maxFeeShort}
				type="number"
				inputMode="decimal"
				min={0}
				max={9999999999}
				step="0.01"
				initial={search.maxFee}
			/>
			{(currencies.length > 1 || search.currency) && (
				<Select
					name="currency"
					label={text.currency}
					initial={search.currency}
					options={optionsOf(currencies, search.currency, (v) => v)}
				/>
			)}
			<Select
				name="minRating"
				label={text.minRating}
				initial={search.minRating}
				options={ratings.map((n) => [String(n), text.ratingFrom(n)])}
			/>
			<Select
				name="minExperience"
				label={text.minExperience}
				initial={search.minExperience}
				options={years.map((n) => [String(n), text.experienceFrom(n)])}
			/>
			<Select
				name="sort"
				label={text.sort}
				required
				initial={search.sort}
				options={Object.entries(text.sorts)}
			/>
		</>
	);
}
