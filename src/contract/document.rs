//! The whole document: what is read of it, what is ignored, what is refused.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::field::{self, Field};
use super::generator::{self, RecordAnomalies};
use super::node::Node;
use super::place::{self, PlacedField};
use super::relationship::{self, Lookup};
use crate::error::{Error, Result};

/// The contract that the project ships.
const SERVER_LOGS: &str = include_str!("../../contracts/server-logs.odcs.yaml");

/// Names that outputs use beside the fields.
const RESERVED: &[&str] = &[
    "status",
    "reasons",
    "users_version",
    "source",
    "@timestamp",
    "raw",
    "raw_base64",
    "raw_truncated",
    "source_topic",
    "source_partition",
    "source_offset",
    "kafka_timestamp",
    "record_key",
    "record_value",
    "record_headers",
    "omitted",
];

/// Most bytes of all names together: with them a record of the status topic stays under 1 MB.
const MOST_NAMES: usize = 65_536;

/// A compiled contract.
///
/// ```
/// let contract = logcore::contract::Contract::server_logs()?;
/// assert_eq!(contract.topic(), "server-logs");
/// assert_eq!(contract.fields()[1].name, "account_id");
/// # Ok::<(), logcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Contract {
    text: String,
    version: String,
    name: String,
    topic: String,
    fields: Vec<Field>,
    placed: Vec<PlacedField>,
    lookup: Option<Lookup>,
    limits: Limits,
    record_anomalies: RecordAnomalies,
}

/// How large a log may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a log.
    pub max_bytes: usize,
    /// Most objects and arrays open at once.
    pub max_depth: usize,
}

impl Contract {
    /// The contract of `server-logs`, which the project ships.
    ///
    /// # Errors
    /// None in a tested build: the text is compiled in.
    pub fn server_logs() -> Result<Self> {
        Self::parse(SERVER_LOGS)
    }

    /// Reads a contract file.
    ///
    /// # Errors
    /// [`Error::File`] where the file can't be read, else as [`Contract::parse`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// Compiles a contract's text.
    ///
    /// # Errors
    /// [`Error::Contract`] naming the path of what is unknown, contradictory or no YAML.
    pub fn parse(text: &str) -> Result<Self> {
        let document: Value = serde_saphyr::from_str(text).map_err(|error| Error::Contract {
            path: "document".to_owned(),
            message: format!("not readable as YAML: {}", error.to_string().lines().next().unwrap_or_default()),
        })?;
        let root = Node::root(&document);
        check_root(&root)?;
        let schemas = root.need("schema")?;
        let items = schemas.items()?;
        let [schema] = items.as_slice() else {
            return Err(schemas.error(format!("one schema is wanted, found {}", items.len())));
        };
        let mut contract = compile_schema(schema)?;
        text.clone_into(&mut contract.text);
        contract.version = short_hash(text);
        Ok(contract)
    }

    /// The YAML that it was compiled from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 16 hex digits of the text's SHA-256.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The schema's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The topic that it describes: the schema's physicalName, else its name.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The fields in the contract's order; there is at least one.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The same and, behind each object, the fields within it: the order in which reasons count them.
    #[must_use]
    pub fn placed_fields(&self) -> &[PlacedField] {
        &self.placed
    }

    /// The place of one of [`Contract::fields`] among [`Contract::placed_fields`].
    #[must_use]
    pub fn place(&self, field: usize) -> u16 {
        let own = (0..).zip(&self.placed).filter(|(_, placed)| placed.parent.is_none());
        own.map(|(place, _)| place).nth(field).unwrap_or(u16::MAX)
    }

    /// Which fields are looked up in the users table.
    #[must_use]
    pub fn lookup(&self) -> Option<&Lookup> {
        self.lookup.as_ref()
    }

    /// How large a log may be.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How often a generated log is spoiled as a whole.
    #[must_use]
    pub fn record_anomalies(&self) -> RecordAnomalies {
        self.record_anomalies
    }
}

/// The first 16 hex digits of a text's SHA-256: names a content, 64 bits against chance.
#[must_use]
pub fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.first_chunk::<8>().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

fn check_root(root: &Node<'_>) -> Result<()> {
    root.keys(&[
        "apiVersion",
        "kind",
        "id",
        "name",
        "version",
        "status",
        "domain",
        "tenant",
        "dataProduct",
        "description",
        "servers",
        "schema",
        "support",
        "price",
        "team",
        "roles",
        "slaProperties",
        "slaDefaultElement",
        "authoritativeDefinitions",
        "customProperties",
        "contractCreatedTs",
        "tags",
    ])?;
    let kind = root.need("kind")?;
    if kind.str()? != "DataContract" {
        return Err(kind.error("'DataContract' is wanted"));
    }
    let version = root.need("apiVersion")?;
    if !version.str()?.starts_with("v3.1.") {
        return Err(version.error("only v3.1 of the Open Data Contract Standard is supported"));
    }
    Ok(())
}

fn compile_schema(schema: &Node<'_>) -> Result<Contract> {
    schema.keys(&[
        "id",
        "name",
        "physicalName",
        "physicalType",
        "description",
        "businessName",
        "authoritativeDefinitions",
        "tags",
        "customProperties",
        "dataGranularityDescription",
        "logicalType",
        "quality",
        "properties",
        "relationships",
    ])?;
    if let Some(kind) = schema.get("logicalType")
        && kind.str()? != "object"
    {
        return Err(kind.error("a log is an object"));
    }
    if let Some(quality) = schema.get("quality") {
        return Err(quality.error("rules over a whole schema are not supported; each log is judged by itself"));
    }
    let name = schema.need("name")?.str()?.to_owned();
    let topic = schema.get("physicalName").map_or(Ok(name.as_str()), |node| node.str())?.to_owned();
    let properties = schema.need("properties")?;
    let fields = field::compile_all(&properties)?;
    for (property, field) in properties.items()?.iter().zip(&fields) {
        if RESERVED.contains(&field.name.as_str()) {
            let message = format!("'{}' is a column of the output; give the field another name", field.name);
            return Err(property.need("name")?.error(message));
        }
    }
    let placed = place::placed(&fields);
    // A quote or backslash takes two bytes in JSON. A reason has the whole path.
    let names: usize = placed.iter().map(|field| field.path.len() + field.path.matches(['"', '\\']).count()).sum();
    if names > MOST_NAMES {
        return Err(
            properties.error(format!("the names take {names} bytes together, {MOST_NAMES} at most are supported"))
        );
    }
    if placed.is_empty() || placed.len() > 1_000 {
        return Err(properties.error("1 to 1,000 fields are wanted"));
    }
    let (limits, record_anomalies) = custom(schema)?;
    let lookup = relationship::compile(schema, &name, &fields)?;
    Ok(Contract {
        text: String::new(),
        version: String::new(),
        name,
        topic,
        fields,
        placed,
        lookup,
        limits,
        record_anomalies,
    })
}

fn custom(schema: &Node<'_>) -> Result<(Limits, RecordAnomalies)> {
    let mut limits = Limits { max_bytes: 1_048_576, max_depth: 64 };
    let mut record_anomalies = RecordAnomalies::default();
    for (node, name, value) in field::custom_properties(schema)? {
        match name {
            "maxBytes" => limits.max_bytes = value.usize()?,
            "maxDepth" => limits.max_depth = value.usize()?,
            "generator" => record_anomalies = generator::compile_record(&value)?,
            other => return Err(field::unknown_custom(&node, other)),
        }
        // Offsets into a log are 32 bits wide, and the stack of open containers is as deep as this.
        if limits.max_bytes > 1 << 30 || limits.max_depth == 0 || limits.max_depth > 1024 {
            return Err(value.error("maxBytes goes up to 1 GiB, maxDepth from 1 to 1024"));
        }
    }
    Ok((limits, record_anomalies))
}

#[cfg(test)]
mod tests {
    use super::{Contract, SERVER_LOGS};

    #[test]
    fn the_shipped_contract_compiles() {
        let contract = Contract::server_logs().unwrap();
        let names: Vec<&str> = contract.fields().iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["event_id", "account_id", "event_type", "device", "location_country", "event_timestamp"]);
        assert_eq!(contract.lookup().unwrap().fields, [1, 3]);
        assert!(contract.fields().iter().all(|field| field.required && field.generator.is_some()));
    }

    #[test]
    fn names_are_bounded() {
        let long = SERVER_LOGS.replacen("name: event_type", &format!("name: {}", "n".repeat(256)), 1);
        assert!(Contract::parse(&long).unwrap_err().to_string().contains("at most 255 bytes"));
        let property = |index: usize| format!("{{name: {}{index}, logicalType: string}}", "n".repeat(250));
        let properties: Vec<String> = (0..300).map(property).collect();
        let many = format!(
            "{{apiVersion: v3.1.0, kind: DataContract, schema: [{{name: s, properties: [{}]}}]}}",
            properties.join(", ")
        );
        assert!(Contract::parse(&many).unwrap_err().to_string().contains("65536 at most"));
    }

    /// Each change makes the contract wrong at the path named.
    #[test]
    fn complaints_name_the_path() {
        let cases = [
            ("minimum: 1,", "minimum: 20000,", "schema[0].properties[1].logicalTypeOptions: "),
            ("minimum: 1,", "minimun: 1,", "schema[0].properties[1].logicalTypeOptions.minimun: "),
            (
                "maximum: 10000, format: i32",
                "maximum: 3000000000",
                "schema[0].properties[1].logicalTypeOptions.maximum: ",
            ),
            ("logicalType: integer", "logicalType: time", "schema[0].properties[1].logicalType: "),
            ("mustBe: 0", "mustBe: 1", "schema[0].properties[2].quality[0].mustBe: "),
            ("metric: invalidValues", "metric: nullValues", "schema[0].properties[2].quality[0]: "),
            ("value: seconds", "value: minutes", "schema[0].properties[5].customProperties[1].value: "),
            ("property: epoch", "property: epok", "schema[0].properties[5].customProperties[1]: "),
            ("name: event_type", "name: event_id", "schema[0].properties[2].name: "),
            ("name: event_type", "name: status", "schema[0].properties[2].name: "),
            ("name: event_type", "name: omitted", "schema[0].properties[2].name: "),
            ("name: event_type", "name: \"a\\0b\"", "schema[0].properties[2].name: "),
            ("'^[0-9a-fA-F]{32}$'", "'a)|(b'", "schema[0].properties[0].logicalTypeOptions.pattern: "),
            ("server_logs.device]", "server_logs.devise]", "schema[0].relationships[0].from[1]: "),
            ("'^[0-9a-fA-F]{32}$'", "'^[0-9'", "schema[0].properties[0].logicalTypeOptions.pattern: "),
            ("required: true", "requird: true", "schema[0].properties[0].requird: "),
            ("required: true", "unique: true", "schema[0].properties[0].unique: "),
            ("value: 64", "value: 0", "schema[0].customProperties[1].value: "),
            (
                "expect: pattern_mismatch",
                "expect: pattern",
                "schema[0].properties[0].customProperties[0].value.anomalies[0].expect: ",
            ),
            ("apiVersion: v3.1.0", "apiVersion: v3.2.0", "apiVersion: "),
            ("status: active", "stats: active", "stats: "),
            ("schema:", "schema:\nschema:", "document: "),
        ];
        for (good, wrong, path) in cases {
            let text = SERVER_LOGS.replacen(good, wrong, 1);
            assert_ne!(text, SERVER_LOGS, "{good} is not in the contract");
            let message = Contract::parse(&text).expect_err(wrong).to_string();
            assert!(message.starts_with(&format!("contract: {path}")), "{wrong}: {message}");
        }
    }
}
