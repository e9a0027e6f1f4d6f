//! DRDA (DRDA volume 3, Distributed Data Management): the commands and replies of a segment, by
//! their code points. Of what they hold, nothing is shown: statements and passwords.

use super::{Bytes, Flaw, Layer, Line};

/// What the third byte of every structure is.
const MAGIC: u8 = 0xd0;
/// The bytes of a structure's header.
const HEADER: u16 = 6;
/// Length and code point of an object.
const OBJECT: u16 = 4;
/// The bits of the format that tell the type: request, reply, object, communication.
const TYPE: u8 = 0x0f;

/// Whether data begins with a structure whose lengths go together.
pub fn is(data: &[u8]) -> bool {
    let mut bytes = Bytes::new(data);
    let (Ok(length), Ok(MAGIC), Ok(format), Ok(_), Ok(object)) =
        (bytes.u16(), bytes.u8(), bytes.u8(), bytes.u16(), bytes.u16())
    else {
        return false;
    };
    (1..=5).contains(&(format & TYPE)) && object >= OBJECT && object.checked_add(HEADER).is_some_and(|it| it <= length)
}

/// Adds the structures.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    line.word("DRDA");
    let mut bytes = Bytes::new(data);
    while !bytes.is_empty() {
        let length = bytes.u16()?.checked_sub(HEADER).ok_or(Flaw::Malformed("length of DRDA"))?;
        if bytes.u8()? != MAGIC {
            return Err(Flaw::Malformed("magic number of DRDA"));
        }
        bytes.skip(3)?;
        // The code point can be told before the rest is there.
        let mut begin = bytes;
        begin.skip(2)?;
        let point = begin.u16()?;
        match name(point) {
            Some(name) => line.word(name),
            None => line.pair("CodePoint", format_args!("{point:#06x}")),
        }
        bytes.skip(length.into())?;
    }
    Ok(())
}

const fn name(point: u16) -> Option<&'static str> {
    Some(match point {
        0x1041 => "EXCSAT",
        0x1055 => "SYNCCTL",
        0x106d => "ACCSEC",
        0x106e => "SECCHK",
        0x1210 => "MGRLVLRM",
        0x1219 => "SECCHKRM",
        0x1232 => "AGNPRMRM",
        0x1245 => "PRCCNVRM",
        0x124c => "SYNTAXRM",
        0x1250 => "CMDNSPRM",
        0x1251 => "PRMNSPRM",
        0x1252 => "VALNSPRM",
        0x1253 => "OBJNSPRM",
        0x1254 => "CMDCHKRM",
        0x1443 => "EXCSATRD",
        0x14ac => "ACCSECRD",
        0x2001 => "ACCRDB",
        0x2002 => "BGNBND",
        0x2004 => "BNDSQLSTT",
        0x2005 => "CLSQRY",
        0x2006 => "CNTQRY",
        0x2008 => "DSCSQLSTT",
        0x2009 => "ENDBND",
        0x200a => "EXCSQLIMM",
        0x200b => "EXCSQLSTT",
        0x200c => "OPNQRY",
        0x200d => "PRPSQLSTT",
        0x200e => "RDBCMM",
        0x200f => "RDBRLLBCK",
        0x2014 => "EXCSQLSET",
        0x2201 => "ACCRDBRM",
        0x2202 => "QRYNOPRM",
        0x2204 => "RDBNACRM",
        0x2205 => "OPNQRYRM",
        0x2207 => "RDBACCRM",
        0x2208 => "BGNBNDRM",
        0x220b => "ENDQRYRM",
        0x220c => "ENDUOWRM",
        0x220e => "DTAMCHRM",
        0x2211 => "RDBNFNRM",
        0x2212 => "OPNQFLRM",
        0x2213 => "SQLERRRM",
        0x2218 => "RDBUPDRM",
        0x221a => "RDBAFLRM",
        0x22cb => "RDBATHRM",
        0x2408 => "SQLCARD",
        0x2411 => "SQLDARD",
        0x2412 => "SQLDTA",
        0x2413 => "SQLDTARD",
        0x2414 => "SQLSTT",
        0x241a => "QRYDSC",
        0x241b => "QRYDTA",
        0x2450 => "SQLATTR",
        _ => return None,
    })
}
