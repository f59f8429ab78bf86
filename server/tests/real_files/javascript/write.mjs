// Writes one tiny document per package into the folder given as the first argument.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document, Packer, Paragraph } from 'docx';
import ExcelJS from 'exceljs';
import PDFDocument from 'pdfkit';
import XLSX from 'xlsx';

const folder = process.argv[2];
const save = (name, content) => writeFileSync(join(folder, name), content);

const excel = new ExcelJS.Workbook();
excel.addWorksheet('Points').addRow(['Äpfel', 3]);
save('exceljs.xlsx', Buffer.from(await excel.xlsx.writeBuffer()));
save('exceljs.csv', Buffer.from(await excel.csv.writeBuffer()));

const letter = new Document({ sections: [{ children: [new Paragraph('Photosynthesis')] }] });
save('docx.docx', await Packer.toBuffer(letter));

const sheet = XLSX.utils.aoa_to_sheet([['Äpfel', 3]]);
const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, sheet, 'Points');
for (const [name, bookType] of [
  ['SheetJS.xlsx', 'xlsx'],
  ['SheetJS.xls', 'biff8'],
  ['SheetJS.ods', 'ods'],
  ['SheetJS.csv', 'csv'],
  ['SheetJS unicode.txt', 'txt']
]) {
  save(name, XLSX.write(book, { type: 'buffer', bookType }));
}
save('SheetJS compressed.xlsx', XLSX.write(book, { type: 'buffer', compression: true }));

const pdf = new PDFDocument();
const pieces = [];
pdf.on('data', (piece) => pieces.push(piece));
const written = new Promise((resolve) => pdf.on('end', resolve));
pdf.text('Photosynthesis');
pdf.end();
await written;
save('pdfkit.pdf', Buffer.concat(pieces));
