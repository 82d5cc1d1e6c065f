// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../interfaces/IRollup.sol";
import {Transfers} from "../lib/Transfers.sol";
import {Assertions} from "./Assertions.sol";

/// @title Money in and out, and the list of tokens
/// @dev A payment that fails reverts and can be tried again: nothing is lost, nobody else waits.
abstract contract Vault is Assertions {
    address[] private _tokens;
    mapping(address token => bool) private _registered;
    /// @dev One bit for each withdrawal, by its number from the beginning.
    mapping(uint256 word => uint256) private _paid;
    mapping(bytes32 withdrawal => address) private _owners;

    constructor() {
        _tokens.push(address(0));
    }

    /// @inheritdoc IRollup
    function registerToken(address token) external whileRunning returns (uint16 id) {
        if (token.code.length == 0 || _registered[token] || _tokens.length >> 16 != 0) revert TokenInvalid(token);
        _registered[token] = true;
        id = uint16(_tokens.length);
        _tokens.push(token);
        emit TokenRegistered(id, token);
        _enqueue(abi.encodePacked(ITEM_TOKEN, msg.sender, id, token));
    }

    /// @inheritdoc IRollup
    function deposit(uint16 token, uint128 amount, bytes32 owner, uint32 to) external payable whileRunning once {
        if (amount == 0) revert AmountInvalid(0, 1);
        if (token == 0) {
            if (msg.value != amount) revert AmountInvalid(msg.value, amount);
        } else {
            if (msg.value != 0) revert AmountInvalid(msg.value, 0);
            address asset = tokenOf(token);
            uint256 before = Transfers.balance(asset);
            Transfers.tryPull(asset, msg.sender, amount);
            uint256 received;
            unchecked {
                received = Transfers.balance(asset) - before;
            }
            if (received != amount) revert TransferShort(asset, received, amount);
        }
        _enqueue(abi.encodePacked(ITEM_DEPOSIT, msg.sender, token, amount, owner, to));
    }

    /// @inheritdoc IRollup
    function claim(
        Claim calldata final_,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path
    ) external {
        bytes32 id = _requireFinal(final_);
        (uint256 number, bytes32 leaf) = _requireWithdrawal(final_, roots, index, withdrawal, path);
        _spend(number);
        address owner = _owners[_keyOf(number, leaf)];
        address target = owner == address(0) ? withdrawal.target : owner;
        emit Claimed(number, id, target, withdrawal.token, withdrawal.amount);
        _pay(tokenOf(withdrawal.token), target, withdrawal.amount);
    }

    /// @inheritdoc IRollup
    function transferClaim(
        Claim calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path,
        address to
    ) external {
        _requireKnown(claimed);
        (uint256 number, bytes32 leaf) = _requireWithdrawal(claimed, roots, index, withdrawal, path);
        // Known by what it pays, too: a lie about a number gives nobody power over the true one.
        bytes32 key = _keyOf(number, leaf);
        address owner = _owners[key];
        if (owner == address(0)) owner = withdrawal.target;
        if (msg.sender != owner) revert CallerNotOwner(msg.sender, owner);
        _owners[key] = to;
        emit ClaimTransferred(number, leaf, to);
    }

    /// @inheritdoc IRollup
    function tokenOf(uint256 id) public view returns (address) {
        if (id == 0) return address(0);
        if (id >= _tokens.length) revert UnknownId(id);
        return _tokens[id];
    }

    /// @dev Marks something as paid, once. Accounts and deposits of the frozen mode lie above 2^64: there is one last
    /// final assertion then.
    function _spend(uint256 number) internal {
        uint256 word = _paid[number >> 8];
        uint256 bit = 1 << (number & 255);
        if (word & bit != 0) revert AlreadyPaid(uint64(number));
        _paid[number >> 8] = word | bit;
    }

    function _keyOf(uint256 number, bytes32 leaf) private pure returns (bytes32) {
        return keccak256(abi.encode(number, leaf));
    }

    function _requireWithdrawal(
        Claim calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path
    ) private pure returns (uint256 number, bytes32 leaf) {
        if (_stateRoot(roots) != claimed.root) revert ProofInvalid();
        number = uint64(uint256(roots.numbers) >> 32) + index;
        leaf = keccak256(abi.encodePacked(withdrawal.target, withdrawal.token, withdrawal.amount));
        _requirePath(roots.withdrawals, leaf, index, path, WITHDRAWAL_DEPTH);
    }
}
