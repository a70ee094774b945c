#include "stage_program.h"

#include <algorithm>
#include <utility>

namespace nowface {
namespace {

using executorch::aten::ScalarType;
using executorch::runtime::etensor::TensorImpl;

constexpr const char* method_name = "forward";

}  // namespace

struct StageProgram::Argument {
    Argument(const TensorSpec& spec)
        : count(spec.size()),
          sizes(spec.shape.begin(), spec.shape.end()),
          order(spec.shape.size()),
          strides(spec.shape.size()),
          tensor(ScalarType::Float, static_cast<ssize_t>(sizes.size()), sizes.data(), nullptr, fill_order(), fill_strides()) {}

    std::size_t count;
    std::vector<executorch::aten::SizesType> sizes;
    std::vector<executorch::aten::DimOrderType> order;
    std::vector<executorch::aten::StridesType> strides;
    TensorImpl tensor;

  private:
    executorch::aten::DimOrderType* fill_order() {
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<executorch::aten::DimOrderType>(i);
        return order.data();
    }
    executorch::aten::StridesType* fill_strides() {
        executorch::aten::StridesType stride = 1;
        for (std::size_t i = strides.size(); i-- > 0; stride *= sizes[i]) strides[i] = stride;
        return strides.data();
    }
};

StageProgram::StageProgram(const StageSpec& stage, const er::Program& program, std::string subject)
    : subject_(std::move(subject)), loaded_(program, method_name, subject_) {
    for (const TensorSpec& spec : stage.inputs) add(spec, arguments_);
    for (const TensorSpec& spec : stage.state) add(spec, arguments_);
    for (const TensorSpec& spec : stage.outputs) results_.push_back(spec.size());
    for (const TensorSpec& spec : stage.state) results_.push_back(spec.size());
    auto& method = loaded_.method();
    if (method.inputs_size() != arguments_.size() || method.outputs_size() != results_.size()) {
        fail(subject_, "has another number of tensors than the manifest says");
    }
    const er::MethodMeta meta = method.method_meta();
    for (std::size_t i = 0; i < arguments_.size(); ++i) check(meta.input_tensor_meta(i), arguments_[i]->count);
    for (std::size_t i = 0; i < results_.size(); ++i) check(meta.output_tensor_meta(i), results_[i]);
}

StageProgram::~StageProgram() = default;

void StageProgram::run(const float* const* arguments, float* const* results) {
    auto& method = loaded_.method();
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
        // Set before every run: the run reuses the planned memory of its inputs.
        arguments_[i]->tensor.set_data(const_cast<float*>(arguments[i]));
        expect(method.set_input(er::EValue(executorch::aten::Tensor(&arguments_[i]->tensor)), i), subject_,
               "setting an input");
    }
    loaded_.execute(subject_);
    for (std::size_t i = 0; i < results_.size(); ++i) {
        std::copy_n(method.get_output(i).toTensor().const_data_ptr<float>(), results_[i], results[i]);
    }
}

void StageProgram::add(const TensorSpec& spec, std::vector<std::unique_ptr<Argument>>& to) {
    to.push_back(std::make_unique<Argument>(spec));
}

void StageProgram::check(const er::Result<er::TensorInfo>& info, std::size_t count) const {
    if (!info.ok() || info->scalar_type() != ScalarType::Float || info->nbytes() != count * sizeof(float)) {
        fail(subject_, "has tensors of another size or type than the manifest says");
    }
}

}  // namespace nowface
