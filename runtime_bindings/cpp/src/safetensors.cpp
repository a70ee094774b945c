#include "safetensors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "json.h"
#include "manifest_checks.h"
#include "refuse.h"
#include "text.h"

// Every system that nowface ships for is little-endian, as the format is.
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors would have to be swapped"
#endif

namespace nowface {
namespace {

// An 8-byte length, a JSON header of that length, the tensors' bytes without holes.
constexpr std::size_t PREFIX_BYTES = 8;
constexpr const char* METADATA = "__metadata__";

struct TypeName {
    ElementType type;
    const char* name;
    std::size_t bytes;
};
constexpr std::array<TypeName, 3> TYPES = {
    {{ElementType::i64, "I64", 8}, {ElementType::f32, "F32", 4}, {ElementType::i16, "I16", 2}}};

const TypeName& type_name(ElementType type) {
    return *std::find_if(TYPES.begin(), TYPES.end(), [&](const TypeName& known) { return known.type == type; });
}

// A tensor as the header describes it.
struct Entry {
    std::string name;
    const TypeName* type;
    Shape shape;
    std::uint64_t begin, end;
};

class HeaderReader {
  public:
    explicit HeaderReader(const std::string& subject) : subject_(subject) {}

    std::map<std::string, std::string> metadata(const Json& json) const {
        std::map<std::string, std::string> texts;
        for (const auto& [key, value] : object(json)) {
            const auto* text = value.get_ptr<const std::string*>();
            if (text == nullptr) wrong(std::string("its ") + METADATA + " is not text");
            texts.emplace(key, *text);
        }
        return texts;
    }

    Entry entry(const std::string& name, const Json& json) const {
        const Json::object_t& members = object(json);
        if (members.size() != 3) wrong("tensor '" + shown(name) + "' has not the three keys of a tensor");
        const std::vector<std::int64_t> offsets = naturals(member(members, "data_offsets"));
        if (offsets.size() != 2) wrong("tensor '" + shown(name) + "' has no two offsets");
        return {name, type(name, member(members, "dtype")), naturals(member(members, "shape")),
                static_cast<std::uint64_t>(offsets[0]), static_cast<std::uint64_t>(offsets[1])};
    }

    [[noreturn]] void wrong(const std::string& problem) const {
        refuse(subject_, "not a readable safetensors file (" + problem + ")");
    }

  private:
    const Json::object_t& object(const Json& json) const {
        const auto* value = json.get_ptr<const Json::object_t*>();
        if (value == nullptr) wrong("an entry is not an object");
        return *value;
    }

    const Json& member(const Json::object_t& members, const char* key) const {
        const auto found = members.find(key);
        if (found == members.end()) wrong(std::string("a tensor has no ") + key);
        return found->second;
    }

    const TypeName* type(const std::string& name, const Json& json) const {
        const auto* text = json.get_ptr<const std::string*>();
        if (text == nullptr) wrong("a dtype is not text");
        for (const TypeName& known : TYPES)
            if (*text == known.name) return &known;
        refuse(subject_, "tensor '" + shown(name) + "' is of type " + shown(*text));
    }

    std::vector<std::int64_t> naturals(const Json& json) const {
        const auto* array = json.get_ptr<const Json::array_t*>();
        if (array == nullptr) wrong("a shape or a pair of offsets is not an array");
        std::vector<std::int64_t> values;
        for (const Json& item : *array) {
            const auto* value = item.get_ptr<const std::int64_t*>();
            if (value == nullptr || *value < 0) wrong("a shape or an offset is not made of whole numbers");
            values.push_back(*value);
        }
        return values;
    }

    const std::string& subject_;
};

// Bytes of a tensor; false if 64 bits do not hold them, or they are more than `most`.
bool tensor_bytes(const Entry& entry, std::uint64_t most, std::uint64_t& bytes) {
    bytes = entry.type->bytes;
    for (const std::int64_t dimension : entry.shape) {
        const auto count = static_cast<std::uint64_t>(dimension);
        if (count != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / count) return false;
        bytes *= count;
    }
    return bytes <= most;
}

std::uint64_t read_length(const std::uint8_t* bytes) {
    std::uint64_t length;
    std::memcpy(&length, bytes, sizeof length);
    return length;
}

// A text that JSON can hold.
std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::size_t Tensor::elements() const { return bytes.size() / type_name(type).bytes; }
const float* Tensor::floats() const { return reinterpret_cast<const float*>(bytes.data()); }
const std::int16_t* Tensor::shorts() const { return reinterpret_cast<const std::int16_t*>(bytes.data()); }
const std::int64_t* Tensor::longs() const { return reinterpret_cast<const std::int64_t*>(bytes.data()); }

TensorFile parse_tensors(const std::vector<std::uint8_t>& bytes, const std::string& subject) {
    const HeaderReader reader(subject);
    if (bytes.size() < PREFIX_BYTES) reader.wrong("shorter than its length");
    const std::uint64_t length = read_length(bytes.data());
    if (length > bytes.size() - PREFIX_BYTES) reader.wrong("shorter than its header");
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + PREFIX_BYTES;
    const Json header = parse_object({text, static_cast<std::size_t>(length)}, subject);
    if (*text != '{') reader.wrong("its header does not begin with {");

    TensorFile file;
    std::vector<Entry> entries;
    for (const auto& [name, value] : *header.get_ptr<const Json::object_t*>()) {
        if (name == METADATA)
            file.metadata = reader.metadata(value);
        else
            entries.push_back(reader.entry(name, value));
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& left, const Entry& right) {
        return std::pair(left.begin, left.end) < std::pair(right.begin, right.end);
    });

    const std::uint8_t* data = bytes.data() + PREFIX_BYTES + length;
    const std::uint64_t data_bytes = bytes.size() - PREFIX_BYTES - length;
    std::uint64_t offset = 0;
    for (Entry& entry : entries) {
        std::uint64_t count = 0;
        if (entry.begin != offset || !tensor_bytes(entry, data_bytes - offset, count) || entry.end != offset + count)
            reader.wrong("the offsets of tensor '" + shown(entry.name) + "' are not those of its shape");
        Tensor& tensor = file.tensors[entry.name];
        tensor.type = entry.type->type;
        tensor.shape = std::move(entry.shape);
        tensor.bytes.assign(data + offset, data + entry.end);
        offset = entry.end;
    }
    if (offset != data_bytes) reader.wrong("longer than its tensors");
    return file;
}

std::map<std::string, Tensor> parse_specified(const std::vector<std::uint8_t>& bytes,
                                              const std::vector<TensorSpec>& specs, const std::string& subject) {
    std::map<std::string, Tensor> tensors = parse_tensors(bytes, subject).tensors;
    for (const auto& [name, tensor] : tensors) {
        const auto named = [&name = name](const TensorSpec& spec) { return spec.name == name; };
        if (std::none_of(specs.begin(), specs.end(), named))
            refuse(subject, "holds " + shown(name) + ", which the manifest does not name");
        if (tensor.type != ElementType::f32)
            refuse(subject, "tensor '" + shown(name) + "' is of type " + type_name(tensor.type).name);
        const float* values = tensor.floats();
        if (!std::all_of(values, values + tensor.elements(), [](float value) { return std::isfinite(value); }))
            refuse(subject, "tensor '" + shown(name) + "' holds NaN or infinity");
    }
    for (const TensorSpec& spec : specs) {
        const auto found = tensors.find(spec.name);
        if (found == tensors.end()) refuse(subject, "holds no " + spec.name + ", which the manifest names");
        if (found->second.shape != spec.shape)
            refuse(subject, spec.name + " has shape " + shape_text(found->second.shape) + ", the manifest says " +
                                shape_text(spec.shape));
    }
    return tensors;
}

std::vector<std::uint8_t> write_tensors(const TensorFile& file) {
    Json header = Json::object();
    if (!file.metadata.empty()) header[METADATA] = file.metadata;
    std::uint64_t offset = 0;
    std::vector<const Tensor*> order;
    for (const TypeName& type : TYPES) {  // the widest first, so that each tensor is aligned
        for (const auto& [name, tensor] : file.tensors) {
            if (tensor.type != type.type) continue;
            const std::uint64_t end = offset + tensor.bytes.size();
            header[name] = {{"dtype", type.name}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
            order.push_back(&tensor);
            offset = end;
        }
    }
    std::string text = dumped(header);
    text.append((PREFIX_BYTES - text.size() % PREFIX_BYTES) % PREFIX_BYTES, ' ');

    const std::uint64_t length = text.size();
    std::vector<std::uint8_t> bytes(PREFIX_BYTES);
    bytes.reserve(PREFIX_BYTES + text.size() + static_cast<std::size_t>(offset));
    std::memcpy(bytes.data(), &length, sizeof length);
    bytes.insert(bytes.end(), text.begin(), text.end());
    for (const Tensor* tensor : order) bytes.insert(bytes.end(), tensor->bytes.begin(), tensor->bytes.end());
    return bytes;
}

}  // namespace nowface
