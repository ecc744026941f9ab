// NCE objective behind a JSON-lines harness. g++ -O2 -std=c++17
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

struct Json {
    enum Kind { Null, Bool, Num, Str, Arr, Obj } kind = Null;
    double num = 0;
    std::string str;
    std::vector<Json> arr;
    std::map<std::string, Json> obj;
    const Json& at(const std::string& k) const {
        auto it = obj.find(k);
        if (it == obj.end()) throw std::runtime_error("missing " + k);
        return it->second;
    }
};

class Parser {
    const char* p;
    void ws() { while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') ++p; }
    void expect(char c) { ws(); if (*p != c) throw std::runtime_error(std::string("expected ") + c); ++p; }
    std::string string_() {
        expect('"');
        std::string s;
        while (*p && *p != '"') {
            if (*p == '\\') {
                ++p;
                switch (*p) {
                    case 'n': s += '\n'; break;
                    case 't': s += '\t'; break;
                    case 'u': s += '?'; for (int i = 0; i < 4 && p[1]; ++i) ++p; break;
                    default: s += *p;
                }
                if (*p) ++p;
            } else s += *p++;
        }
        expect('"');
        return s;
    }
public:
    explicit Parser(const std::string& s) : p(s.c_str()) {}
    Json value() {
        ws();
        Json j;
        if (*p == '{') {
            j.kind = Json::Obj; ++p; ws();
            if (*p == '}') { ++p; return j; }
            for (;;) {
                ws(); std::string k = string_(); expect(':');
                j.obj[k] = value(); ws();
                if (*p == ',') { ++p; continue; }
                expect('}'); return j;
            }
        }
        if (*p == '[') {
            j.kind = Json::Arr; ++p; ws();
            if (*p == ']') { ++p; return j; }
            for (;;) {
                j.arr.push_back(value()); ws();
                if (*p == ',') { ++p; continue; }
                expect(']'); return j;
            }
        }
        if (*p == '"') {
            j.kind = Json::Str; j.str = string_();
            const double inf = std::numeric_limits<double>::infinity();
            if (j.str == "Infinity") j.num = inf;
            if (j.str == "-Infinity") j.num = -inf;
            return j;
        }
        for (const char* w : {"true", "false", "null"}) {
            std::string word = w;
            if (word.compare(0, word.size(), p, std::min(word.size(), std::string(p).size())) == 0) {
                p += word.size(); j.kind = word == "null" ? Json::Null : Json::Bool; j.num = word == "true"; return j;
            }
        }
        char* end;
        j.kind = Json::Num; j.num = std::strtod(p, &end);
        if (end == p) throw std::runtime_error("bad JSON");
        p = end;
        return j;
    }
};

template <class T> T log_sigmoid(T t) { return std::min(t, T(0)) - std::log1p(std::exp(-std::abs(t))); }
template <class T> T sigmoid(T t) {
    if (t >= 0) return T(1) / (T(1) + std::exp(-t));
    T e = std::exp(t);
    return e / (T(1) + e);
}

template <class T> std::vector<T> flatten(const Json& j) {
    std::vector<T> v;
    for (const Json& e : j.arr) {
        if (e.kind == Json::Arr) for (T x : flatten<T>(e)) v.push_back(x);
        else v.push_back(static_cast<T>(e.num));
    }
    return v;
}

template <class T> std::string text(T x) {
    if (std::isnan(x)) return "\"NaN\"";
    if (std::isinf(x)) return x > 0 ? "\"inf\"" : "\"-inf\"";
    char buf[40];
    std::snprintf(buf, sizeof buf, "%.*g", std::numeric_limits<T>::max_digits10, static_cast<double>(x));
    return buf;
}
template <class T> std::string text(const T* v, size_t n) {
    std::string s = "[";
    for (size_t i = 0; i < n; ++i) { if (i) s += ","; s += text(v[i]); }
    return s + "]";
}

// gx, gy: log-ratios of data and noise; replaced by the gradients. Returns J.
template <class T> T nce(std::vector<T>& gx, std::vector<T>& gy, T nu) {
    const T n = static_cast<T>(gx.size()), log_nu = std::log(nu);
    std::vector<T> terms;
    terms.reserve(gx.size() + gy.size());
    for (T& g : gx) { T h = g - log_nu; terms.push_back(log_sigmoid(h)); g = sigmoid(-h) / n; }
    for (T& g : gy) { T h = g - log_nu; terms.push_back(log_sigmoid(-h)); g = -sigmoid(h) / n; }
    T sum = 0;
    for (T t : terms) sum += t;
    return sum / n;
}

template <class T> std::string run(const std::string& objective, const Json& in) {
    const T nu = static_cast<T>(in.at("nu").num);
    if (objective == "nce_from_log_ratios") {
        auto gx = flatten<T>(in.at("log_ratio_data")), gy = flatten<T>(in.at("log_ratio_noise"));
        T J = nce(gx, gy, nu);
        return "{\"value\":" + text(J) + ",\"grad_log_ratio_data\":" + text(gx.data(), gx.size()) +
               ",\"grad_log_ratio_noise\":" + text(gy.data(), gy.size()) + "}";
    }
    auto gx = flatten<T>(in.at("log_model_data")), gy = flatten<T>(in.at("log_model_noise"));
    auto nx = flatten<T>(in.at("log_noise_data")), ny = flatten<T>(in.at("log_noise_noise"));
    for (size_t i = 0; i < gx.size(); ++i) gx[i] -= nx[i];
    for (size_t i = 0; i < gy.size(); ++i) gy[i] -= ny[i];
    T J = nce(gx, gy, nu);
    const size_t n = gx.size(), k = gy.size() / n;
    std::string rows = "[";
    for (size_t i = 0; i < n; ++i) { if (i) rows += ","; rows += text(gy.data() + i * k, k); }
    return "{\"value\":" + text(J) + ",\"grad_log_model_data\":" + text(gx.data(), n) + ",\"grad_log_model_noise\":" + rows + "]}";
}

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        Json msg;
        std::string cmd;
        try { msg = Parser(line).value(); cmd = msg.at("cmd").str; }
        catch (const std::exception& e) { std::cerr << e.what() << "\n"; continue; }
        if (cmd == "stop") break;
        if (cmd == "start") {
            std::cout << "{\"name\":\"nce-cpp\",\"language\":\"C++\",\"implements\":[\"nce_from_log_ratios\",\"binary_nce/rows\"]}" << std::endl;
            continue;
        }
        if (cmd != "run") continue;
        const std::string id = msg.at("id").str, objective = msg.at("objective").str;
        std::string body;
        try {
            if (objective != "nce_from_log_ratios" && objective != "binary_nce/rows") body = "\"skipped\":\"not offered\"";
            else if (msg.at("dtype").str == "float32") body = "\"results\":" + run<float>(objective, msg.at("inputs"));
            else body = "\"results\":" + run<double>(objective, msg.at("inputs"));
        } catch (const std::exception& e) { body = std::string("\"errored\":\"") + e.what() + "\""; }
        std::cout << "{\"id\":\"" << id << "\"," << body << "}" << std::endl;
    }
}
