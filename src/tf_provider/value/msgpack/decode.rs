//! Reading msgpack.

use std::collections::BTreeMap;

use rmp::Marker;

use crate::tf_provider::value::error::{Fault, Kind};
use crate::tf_provider::value::{CodecProblem, MAX_DEPTH, Number, Refinement, Type, Value};

use super::{REFINED, refinement_key};

/// Room for this many elements is made before any is read; a longer list grows as
/// its elements come.
const FIRST_ROOM: usize = 256;

/// The value of type `ty` that `bytes` spell, to the last byte.
pub(super) fn value(bytes: &[u8], ty: &Type) -> Result<Value, Fault> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(ty, 0)?;
    match reader.rest.len() {
        0 => Ok(value),
        trailing => Err(CodecProblem::Trailing(trailing).into()),
    }
}

/// What is yet to be read.
struct Reader<'a> {
    rest: &'a [u8],
}

/// The next item: a scalar, or how long what follows is.
enum Item<'a> {
    Nil,
    Bool(bool),
    Number(Number),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Array(usize),
    Map(usize),
    Extension(i8, &'a [u8]),
    Invalid,
}

impl Item<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Nil => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::String,
            Self::Bytes(_) => Kind::Bytes,
            Self::Array(_) => Kind::Sequence,
            Self::Map(_) => Kind::Mapping,
            Self::Extension(..) => Kind::Unknown,
            Self::Invalid => Kind::Invalid,
        }
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CodecProblem::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(CodecProblem::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<usize, Fault> {
        Ok(usize::from(u8::from_be_bytes(self.bytes()?)))
    }

    fn u16(&mut self) -> Result<usize, Fault> {
        Ok(usize::from(u16::from_be_bytes(self.bytes()?)))
    }

    fn u32(&mut self) -> Result<usize, Fault> {
        usize::try_from(u32::from_be_bytes(self.bytes()?)).map_err(|_| CodecProblem::Truncated.into())
    }

    fn extension(&mut self, length: usize) -> Result<Item<'a>, Fault> {
        let code = i8::from_be_bytes(self.bytes()?);
        Ok(Item::Extension(code, self.take(length)?))
    }

    fn item(&mut self) -> Result<Item<'a>, Fault> {
        let [first] = self.bytes()?;
        let text = |bytes| Ok(Item::Text(bytes));
        let int = |value: i64| Ok(Item::Number(Number::from(value)));
        match Marker::from_u8(first) {
            Marker::Null => Ok(Item::Nil),
            Marker::False => Ok(Item::Bool(false)),
            Marker::True => Ok(Item::Bool(true)),
            Marker::FixPos(value) => int(value.into()),
            Marker::FixNeg(value) => int(value.into()),
            Marker::U8 => int(u8::from_be_bytes(self.bytes()?).into()),
            Marker::U16 => int(u16::from_be_bytes(self.bytes()?).into()),
            Marker::U32 => int(u32::from_be_bytes(self.bytes()?).into()),
            Marker::U64 => Ok(Item::Number(u64::from_be_bytes(self.bytes()?).into())),
            Marker::I8 => int(i8::from_be_bytes(self.bytes()?).into()),
            Marker::I16 => int(i16::from_be_bytes(self.bytes()?).into()),
            Marker::I32 => int(i32::from_be_bytes(self.bytes()?).into()),
            Marker::I64 => int(i64::from_be_bytes(self.bytes()?)),
            Marker::F32 => Ok(Item::Number(Number::from_f64(f32::from_be_bytes(self.bytes()?).into())?)),
            Marker::F64 => Ok(Item::Number(Number::from_f64(f64::from_be_bytes(self.bytes()?))?)),
            Marker::FixStr(length) => text(self.take(length.into())?),
            Marker::Str8 => self.u8().and_then(|length| text(self.take(length)?)),
            Marker::Str16 => self.u16().and_then(|length| text(self.take(length)?)),
            Marker::Str32 => self.u32().and_then(|length| text(self.take(length)?)),
            Marker::Bin8 => self.u8().and_then(|length| Ok(Item::Bytes(self.take(length)?))),
            Marker::Bin16 => self.u16().and_then(|length| Ok(Item::Bytes(self.take(length)?))),
            Marker::Bin32 => self.u32().and_then(|length| Ok(Item::Bytes(self.take(length)?))),
            Marker::FixArray(count) => self.counted(count.into(), 1).map(Item::Array),
            Marker::Array16 => self.u16().and_then(|count| self.counted(count, 1)).map(Item::Array),
            Marker::Array32 => self.u32().and_then(|count| self.counted(count, 1)).map(Item::Array),
            Marker::FixMap(count) => self.counted(count.into(), 2).map(Item::Map),
            Marker::Map16 => self.u16().and_then(|count| self.counted(count, 2)).map(Item::Map),
            Marker::Map32 => self.u32().and_then(|count| self.counted(count, 2)).map(Item::Map),
            Marker::FixExt1 => self.extension(1),
            Marker::FixExt2 => self.extension(2),
            Marker::FixExt4 => self.extension(4),
            Marker::FixExt8 => self.extension(8),
            Marker::FixExt16 => self.extension(16),
            Marker::Ext8 => self.u8().and_then(|length| self.extension(length)),
            Marker::Ext16 => self.u16().and_then(|length| self.extension(length)),
            Marker::Ext32 => self.u32().and_then(|length| self.extension(length)),
            Marker::Reserved => Ok(Item::Invalid),
        }
    }

    /// `count`, if that many elements of at least `size` bytes can follow.
    fn counted(&self, count: usize, size: usize) -> Result<usize, Fault> {
        if count > self.rest.len() / size { Err(CodecProblem::Truncated.into()) } else { Ok(count) }
    }

    fn name(&mut self) -> Result<String, Fault> {
        match self.item()? {
            Item::Text(bytes) | Item::Bytes(bytes) => text(bytes),
            item => Err(Fault::mismatch(Kind::String, item.kind())),
        }
    }

    fn value(&mut self, ty: &Type, depth: usize) -> Result<Value, Fault> {
        if depth > MAX_DEPTH {
            return Err(CodecProblem::TooDeep.into());
        }
        let below = depth + 1;
        match (ty, self.item()?) {
            (_, Item::Nil) => Ok(Value::Null),
            (ty, Item::Extension(code, body)) => refinement(code, body, ty).map(Value::Unknown),
            (Type::Dynamic, Item::Array(count)) => self.dynamic(count, below),
            (Type::Bool, Item::Bool(truth)) => Ok(Value::Bool(truth)),
            (Type::Number, Item::Number(number)) => Ok(Value::Number(number)),
            (Type::Number, Item::Text(bytes)) => Ok(Value::Number(Number::parse(&text(bytes)?)?)),
            (Type::String, Item::Text(bytes) | Item::Bytes(bytes)) => text(bytes).map(Value::String),
            (Type::List(element), Item::Array(count)) => {
                let mut elements = Vec::with_capacity(count.min(FIRST_ROOM));
                for index in 0..count {
                    elements.push(self.value(element, below).map_err(|fault| fault.index(index))?);
                }
                Ok(Value::List(elements))
            }
            (Type::Set(element), Item::Array(count)) => (0..count)
                .map(|_| self.value(element, below).map_err(Fault::in_set))
                .collect::<Result<_, _>>()
                .map(Value::Set),
            (Type::Tuple(types), Item::Array(count)) => {
                if types.len() != count {
                    return Err(CodecProblem::TupleLength { expected: types.len(), found: count }.into());
                }
                let element = |(index, ty)| self.value(ty, below).map_err(|fault| fault.index(index));
                types.iter().enumerate().map(element).collect::<Result<_, _>>().map(Value::List)
            }
            (Type::Map(element), Item::Map(count)) => {
                let mut entries = BTreeMap::new();
                for _ in 0..count {
                    let key = self.name()?;
                    let value = self.value(element, below).map_err(|fault| fault.key(&key))?;
                    insert(&mut entries, key, value)?;
                }
                Ok(Value::Map(entries))
            }
            (Type::Object(types), Item::Map(count)) => self.object(types, count, below),
            (ty, item) => Err(Fault::mismatch(ty, item.kind())),
        }
    }

    fn object(&mut self, types: &BTreeMap<String, Type>, count: usize, depth: usize) -> Result<Value, Fault> {
        let mut attributes = BTreeMap::new();
        for _ in 0..count {
            let name = self.name()?;
            let Some(ty) = types.get(&name) else {
                return Err(CodecProblem::UnknownAttribute(name).into());
            };
            let value = self.value(ty, depth).map_err(|fault| fault.attribute(&name))?;
            insert(&mut attributes, name, value)?;
        }
        match types.keys().find(|name| !attributes.contains_key(*name)) {
            None => Ok(Value::Map(attributes)),
            Some(missing) => Err(CodecProblem::MissingAttribute(missing.clone()).into()),
        }
    }

    fn dynamic(&mut self, count: usize, depth: usize) -> Result<Value, Fault> {
        let (2, Item::Bytes(spelling) | Item::Text(spelling)) = (count, self.item()?) else {
            return Err(CodecProblem::NotDynamic.into());
        };
        let json = serde_json::from_slice(spelling).map_err(|_| CodecProblem::NotDynamic)?;
        let ty = Type::from_json(&json)?;
        let value = self.value(&ty, depth)?;
        // "dynamic" adds nothing to a value that brings its own type.
        Ok(if ty == Type::Dynamic { value } else { Value::Dynamic(Box::new((ty, value))) })
    }

    /// Passes over one value of any kind.
    fn skip(&mut self) -> Result<(), Fault> {
        let mut pending = 1_usize;
        while pending > 0 {
            pending -= 1;
            pending += match self.item()? {
                Item::Array(count) => count,
                Item::Map(count) => 2 * count,
                Item::Invalid => return Err(CodecProblem::Refinement.into()),
                _ => 0,
            };
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> Result<String, Fault> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| CodecProblem::NotUtf8.into())
}

fn insert(entries: &mut BTreeMap<String, Value>, name: String, value: Value) -> Result<(), Fault> {
    match entries.entry(name) {
        std::collections::btree_map::Entry::Vacant(entry) => {
            entry.insert(value);
            Ok(())
        }
        std::collections::btree_map::Entry::Occupied(entry) => Err(CodecProblem::Repeated(entry.key().clone()).into()),
    }
}

/// What an extension says of an unknown value of type `ty`. Extensions other than
/// the two of cty, and keys it does not have yet, say nothing; a key that does not
/// fit the type is an error.
fn refinement(code: i8, body: &[u8], ty: &Type) -> Result<Option<Box<Refinement>>, Fault> {
    if code != REFINED || body.len() <= 1 || *ty == Type::Dynamic {
        return Ok(None);
    }
    let malformed = || Fault::from(CodecProblem::Refinement);
    let mut reader = Reader { rest: body };
    let mut refinement = Refinement::default();
    let Item::Map(count) = reader.item()? else {
        return Err(malformed());
    };
    for _ in 0..count {
        let Item::Number(key) = reader.item()? else {
            return Err(malformed());
        };
        match (key.as_i64(), ty) {
            (Some(refinement_key::NULL), _) => match reader.item()? {
                Item::Bool(null) => refinement.null = Some(null),
                _ => return Err(malformed()),
            },
            (Some(refinement_key::PREFIX), Type::String) => refinement.prefix = Some(reader.name()?),
            (Some(refinement_key::NUMBER_MIN), Type::Number) => refinement.number_min = Some(reader.bound()?),
            (Some(refinement_key::NUMBER_MAX), Type::Number) => refinement.number_max = Some(reader.bound()?),
            (Some(refinement_key::LENGTH_MIN), Type::List(_) | Type::Set(_) | Type::Map(_)) => {
                refinement.length_min = Some(reader.length()?);
            }
            (Some(refinement_key::LENGTH_MAX), Type::List(_) | Type::Set(_) | Type::Map(_)) => {
                refinement.length_max = Some(reader.length()?);
            }
            (Some(refinement_key::PREFIX..=refinement_key::LENGTH_MAX), _) => return Err(malformed()),
            _ => reader.skip()?,
        }
    }
    Ok((refinement != Refinement::default()).then(|| Box::new(refinement)))
}

impl Reader<'_> {
    fn bound(&mut self) -> Result<(Number, bool), Fault> {
        let pair = Type::Tuple(vec![Type::Number, Type::Bool]);
        match self.value(&pair, MAX_DEPTH - 1)?.as_list() {
            Some([Value::Number(bound), Value::Bool(inclusive)]) => Ok((bound.clone(), *inclusive)),
            _ => Err(CodecProblem::Refinement.into()),
        }
    }

    fn length(&mut self) -> Result<i64, Fault> {
        match self.item()? {
            Item::Number(length) => length.as_i64().ok_or_else(|| CodecProblem::Refinement.into()),
            _ => Err(CodecProblem::Refinement.into()),
        }
    }
}
