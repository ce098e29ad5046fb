package httpapi

import (
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/money"
)

const schemaRef = "#/components/schemas/"

func newRegistry() huma.Registry {
	r := huma.NewMapRegistry(schemaRef, schemaName)
	r.RegisterTypeAlias(reflect.TypeFor[uuid.UUID](), reflect.TypeFor[UUID]())
	// Nothing that is counted in an int needs 64 bits, which generated clients may make a type of their own for.
	r.RegisterTypeAlias(reflect.TypeFor[int](), reflect.TypeFor[int32]())
	r.RegisterTypeAlias(reflect.TypeFor[access.Role](), reflect.TypeFor[role]())
	r.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[amount]())
	r.RegisterTypeAlias(reflect.TypeFor[money.Input](), reflect.TypeFor[amountInput]())
	return r
}

// schemaNames of types whose own name says enough in their package only. Generated clients make their types of them.
var schemaNames = map[string]string{
	"Application":                "DoctorApplication",
	"ApplicationRequestBody":     "DoctorApplicationRequest",
	"ApprovalRequestBody":        "DoctorApprovalRequest",
	"Attempt":                    "PaymentAttempt",
	"Alternative":                "OfferedSlot",
	"BookRequestBody":            "BookingRequest",
	"CancelRequestBody":          "ConsultationCancellationRequest",
	"Cancelled":                  "CancelledConsultation",
	"DecideDisputeRequestBody":   "DisputeDecisionRequest",
	"CreateTransferRequestBody":  "DependantTransferRequest",
	"Transfer":                   "DependantTransfer",
	"Patient":                    "ComingPatient",
	"Step":                       "CancellationStep",
	"Visit":                      "EarlierVisit",
	"Clinical":                   "CareRecordRetention",
	"ConsentRequestBody":         "ConsultationConsentRequest",
	"Consultations":              "ConsultationCounts",
	"CreateRequestBody":          "ReviewRequest",
	"DecideRequestBody":          "ReviewDecisionRequest",
	"DeclineRequestBody":         "RefundDeclineRequest",
	"Detail":                     "PaymentDetail",
	"Entry":                      "AuditEvent",
	"Facet":                      "DoctorFacet",
	"Facets":                     "DoctorFacets",
	"Field":                      "FieldError",
	"GiveConsentRequestBody":     "ConsentRequest",
	"UpdateRequestBody":          "ReviewUpdateRequest",
	"UpdateStatusRequestBody":    "ConsultationStatusRequest",
	"InitiatePaymentRequestBody": "PaymentStartRequest",
	"InitiatePaymentResponse":    "PaymentStart",
	"State":                      "SystemState",
	"Version":                    "ProgramVersion",
	"Jobs":                       "JobBacklog",
	"JobKind":                    "JobKindBacklog",
	"Mails":                      "MailBacklog",
	"Archive":                    "ArchiveState",
	"Backup":                     "BackupState",
	"RestoreMode":                "RestoreModeState",
	"Seal":                       "AuditLogState",
	"Rollups":                    "RollupState",
	"Fees":                       "FeeSums",
	"LogExport":                  "AuditLogExport",
	"LogExportFilter":            "AuditLogExportFilter",
	"LogExportPart":              "AuditLogExportPart",
	"ExportRequestBody":          "AuditLogExportRequest",
	"Mismatched":                 "MismatchedMoney",
	"Notices":                    "NoticeList",
	"People":                     "PeopleCounts",
	"Proof":                      "AuditProof",
	"UpdateRulesRequestBody":     "BookingRulesUpdateRequest",
	"ChangeRequestBody":          "DoctorUpdateRequest",
	"Reading":                    "RecordReading",
	"RefreshRequestBody":         "SessionRefreshRequest",
	"ReplyRequestBody":           "ReviewReplyRequest",
	"Report":                     "ReviewReport",
	"ReportRequestBody":          "ReviewReportRequest",
	"ResolveRequestBody":         "UnmatchedMoneyDecisionRequest",
	"SecondFactor":               "SecondFactorRequest",
	"CreateSlotRequestBody":      "SlotRequest",
	"UpdateSlotRequestBody":      "SlotUpdateRequest",
	"Slots":                      "SlotCounts",
	"Summary":                    "AnalyticsSummary",
	"Absences":                   "AbsenceCounts",
	"Attendance":                 "AttendanceCounts",
	"Conversion":                 "ConversionSteps",
	"Day":                        "ConsultationsOfDay",
	"Days":                       "ConsultationDays",
	"Doctors":                    "DoctorCounts",
	"Losses":                     "CancellationCounts",
	"Specializations":            "SpecializationCounts",
	"Utilization":                "UtilizationSums",
	"Visits":                     "VisitCounts",
	"Unmatched":                  "UnmatchedMoney",
	"WebhookBody":                "WebhookRequest",
	"WebhookResponse":            "WebhookResult",
	"WriteRequestBody":           "PrescriptionRequest",
}

func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if inner, list := strings.CutPrefix(name, "Page"); list {
		if known := schemaNames[inner]; known != "" {
			inner = known
		}
		return inner + "Page"
	}
	if known := schemaNames[name]; known != "" {
		return known
	}
	if asked, body := strings.CutSuffix(name, "Body"); body {
		return strings.TrimSuffix(strings.TrimSuffix(asked, "Input"), "Request") + "Request"
	}
	return name
}

// UUID is how ids are documented, and an optional id of a query: "" when it was left out.
type UUID string

// Schema is a UUID's, in the one form that RFC 9562 writes it: the library also takes braces, a URN and no hyphens.
func (UUID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid", Pattern: uuidPattern, PatternDescription: "a UUID"}
}

const uuidPattern = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"

// describeSchemas takes over the texts that stand beside the types: a schema's is the doc tag of its type's blank
// field, and that of a member which is a schema itself is its field's, which the library leaves out. It adds null to
// the values of what may be null, because an enum of JSON Schema refuses what it doesn't list, and takes out what is
// for the library only.
func (a *API) describeSchemas() {
	schemas := a.Document().Components.Schemas
	for name, s := range schemas.Map() {
		t := schemas.TypeFromRef(schemaRef + name)
		if text := typeText(t); text != "" {
			s.Description = text
		}
		for member, property := range s.Properties {
			if property.Ref != "" && property.Description == "" {
				property.Description = fieldText(t, member)
			}
			if property.Nullable && len(property.Enum) > 0 && !slices.Contains(property.Enum, nil) {
				property.Enum = append(slices.Clone(property.Enum), nil)
			}
			withoutHints(property)
		}
	}
	for _, o := range a.documented() {
		for _, parameter := range o.Parameters {
			withoutHints(parameter.Schema)
		}
	}
}

// typeText is the doc tag of a struct's blank field, or "".
func typeText(t reflect.Type) string {
	if t == nil || t.Kind() != reflect.Struct {
		return ""
	}
	for i := range t.NumField() {
		if field := t.Field(i); field.Name == "_" {
			return field.Tag.Get("doc")
		}
	}
	return ""
}

// fieldText is the doc tag of the field with that name in JSON, or "".
func fieldText(t reflect.Type, member string) string {
	if t == nil || t.Kind() != reflect.Struct {
		return ""
	}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == member {
			return field.Tag.Get("doc")
		}
		if field.Anonymous {
			if text := fieldText(field.Type, member); text != "" {
				return text
			}
		}
	}
	return ""
}

// withoutHints takes out patternDescription, which the library's messages use and OpenAPI doesn't know, and the
// pattern of UUIDs, which their format says. The library has compiled it by then.
func withoutHints(s *huma.Schema) {
	for ; s != nil; s = s.Items {
		s.PatternDescription = ""
		if s.Format == "uuid" {
			s.Pattern = ""
		}
	}
}
